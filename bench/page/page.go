package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var markup string

//go:embed page.css
var style string

//go:embed page.js
var script string

var layout = template.Must(template.New("page").Parse(markup))

// content is what the template shows.
type content struct {
	Title    string
	Policy   string
	Follow   float64 // seconds between looks at whoever serves the page; 0: a page that stays as it is
	Style    template.CSS
	Script   template.JS
	Summary  []paragraph
	Legend   []entry
	Sections []section
	Forests  []rows
	Tables   []table
	Settings settings
	Data     data
	Frame    frame
}

// entry is a line of the legend.
type entry struct {
	Name          string
	Series, Color int
}

// section is charts under a heading.
type section struct {
	Title  string
	Charts []figure
}

// rows is figures of one number a row under a heading.
type rows struct {
	Title   string
	Figures []intervals
}

// figure is a chart with its drawing and what its kinds of lines mean.
type figure struct {
	*chart
	drawing
	Kinds []styled
}

// styled is a kind of line and its meaning.
type styled struct {
	Kind kind
	Name string
}

// frame is the geometry of a figure, for both who draw it.
type frame struct {
	Width, Height, Left, Right, Top, Bottom int
}

// data is what the script draws from.
type data struct {
	Series []string    `json:"series"`
	Colors []int       `json:"colors"` // of each series
	Charts []dataChart `json:"charts"`
}

type dataChart struct {
	ID     string      `json:"id"`
	XLabel string      `json:"xlabel"`
	Along  bool        `json:"along"`
	LogX   bool        `json:"logx"`
	LogY   bool        `json:"logy"`
	Curves []dataCurve `json:"curves"`
}

type dataCurve struct {
	Series  int     `json:"series"`
	Name    string  `json:"name"`
	Kind    kind    `json:"kind"`
	X       []short `json:"x"`
	Epochs  []short `json:"epochs,omitempty"`
	Seconds []short `json:"seconds,omitempty"`
	Y       []short `json:"y"`
	Low     []short `json:"low,omitempty"`
	High    []short `json:"high,omitempty"`
}

// WriteTo writes the page. The same results give the same bytes.
func (r *Results) WriteTo(w io.Writer) (int64, error) { return r.write(w, 0) }

// WriteLive writes a page that asks the server that it came from for a newer one at the given interval, and shows that in its place
// without losing what a reader has chosen. It may talk to that server and to nobody else.
func (r *Results) WriteLive(w io.Writer, every time.Duration) (int64, error) {
	return r.write(w, every)
}

func (r *Results) write(w io.Writer, every time.Duration) (int64, error) {
	c := r.content()
	if c.Policy = Policy(every > 0); every > 0 {
		c.Follow = every.Seconds()
	}
	var b bytes.Buffer
	if err := layout.Execute(&b, c); err != nil {
		return 0, fmt.Errorf("writing the page: %w", err)
	}
	return b.WriteTo(w)
}

func (r *Results) content() content {
	l := r.legend()
	along, spectra, spread := append(append(r.curves(l), r.stages(l)...), r.profiles(l)...), r.spectra(l), r.distributions()
	all := number(slices.Concat(along, spectra, spread))
	c := content{
		Title: r.title(), Style: template.CSS(style), Script: template.JS(script),
		Summary: r.words(), Tables: r.tables(), Settings: r.settings(),
		Data:  data{Series: l.names, Colors: l.colors},
		Frame: frame{width, height, left, plotRight, top, plotBottom},
	}
	for i, name := range l.names {
		c.Legend = append(c.Legend, entry{name, i, l.colors[i]})
	}
	for _, of := range []rows{{"Optimizers", r.forests(l)}, {"Parameters", r.layers(l)}} {
		if len(of.Figures) > 0 {
			c.Forests = append(c.Forests, of)
		}
	}
	curves := 0
	for _, of := range all {
		curves += len(of.Curves)
	}
	for _, of := range all {
		for i := range of.Curves {
			of.Curves[i] = of.Curves[i].thin(most(curves))
		}
		c.Data.Charts = append(c.Data.Charts, of.data())
	}
	for _, s := range []struct {
		title  string
		charts []*chart
	}{{"Curves", along}, {"Spectra", spectra}, {"Parameters along the run", spread}} {
		if len(s.charts) > 0 {
			c.Sections = append(c.Sections, section{s.title, figures(s.charts, l)})
		}
	}
	return c
}

func figures(charts []*chart, l legend) (all []figure) {
	for _, c := range charts {
		f := figure{chart: c, drawing: c.draw(l)}
		seen := map[string]bool{}
		for _, curve := range c.Curves {
			if curve.Name != "" && !seen[curve.Name] {
				seen[curve.Name] = true
				f.Kinds = append(f.Kinds, styled{curve.Kind, curve.Name})
			}
		}
		all = append(all, f)
	}
	return all
}

func (r *Results) title() string {
	var names []string
	for _, p := range r.words() {
		if !p.Part {
			names = append(names, p.Name)
		}
	}
	if len(names) > 4 {
		names = append(names[:4], "…")
	}
	return "drift: " + strings.Join(names, ", ")
}

func (c *chart) data() dataChart {
	out := dataChart{ID: c.ID, XLabel: c.XLabel, Along: c.Along, LogX: c.LogX, LogY: c.LogY}
	for _, of := range c.Curves {
		out.Curves = append(out.Curves, dataCurve{of.Series, of.Name, of.Kind, shorts(of.X), shorts(of.Epochs), shorts(of.Seconds),
			shorts(of.Y), shorts(of.Low), shorts(of.High)})
	}
	return out
}

// Policy is the page's content security policy: it loads nothing, and runs and looks like nothing but what it has from here. A live page
// may ask its own server.
func Policy(live bool) string {
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + hash(style) + "; script-src " + hash(script)
	if live {
		policy += "; connect-src 'self'"
	}
	return policy
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
