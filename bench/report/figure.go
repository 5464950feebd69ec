package report

import (
	"fmt"
	"image/color"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is panels side by side, in rows of up to three. A legend that all panels share stands above them once.
type Figure struct {
	Panels  []Panel
	Caption string // a line below the panels
}

const (
	panelWidth  = 12 * vg.Centimeter
	panelHeight = 8.5 * vg.Centimeter
	sideMargin  = 3 * vg.Millimeter
	innerMargin = 8 * vg.Millimeter // between panels

	lineHeight   = 14 // points, of a line of text
	sharedHeight = 20 // points, of a legend for all panels
)

// WritePNG draws the figure at 200 dots an inch.
func (f Figure) WritePNG(w io.Writer) error {
	canvas := vgimg.NewWith(vgimg.UseWH(f.size()), vgimg.UseDPI(200))
	if err := f.draw(draw.New(canvas)); err != nil {
		return err
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// WriteSVG draws the figure as vectors.
func (f Figure) WriteSVG(w io.Writer) error {
	canvas := vgsvg.New(f.size())
	if err := f.draw(draw.New(canvas)); err != nil {
		return err
	}
	_, err := canvas.WriteTo(w)
	return err
}

// WritePDF draws the figure as vectors on one page.
func (f Figure) WritePDF(w io.Writer) error {
	fpdf.SetDefaultCreationDate(time.Unix(0, 0).UTC()) // the same figure, the same bytes
	fpdf.SetDefaultModificationDate(time.Unix(0, 0).UTC())
	canvas := outlined{vgpdf.New(f.size())}
	if err := f.draw(draw.New(canvas)); err != nil {
		return err
	}
	_, err := canvas.WriteTo(w)
	return err
}

// grid is the numbers of rows and columns: four panels make a square.
func (f Figure) grid() (rows, columns int) {
	n := max(1, len(f.Panels))
	if columns = min(n, 3); n == 4 {
		columns = 2
	}
	return (n + columns - 1) / columns, columns
}

func (f Figure) size() (width, height vg.Length) {
	rows, columns := f.grid()
	height = panelHeight*vg.Length(rows) + 2*sideMargin
	if f.Caption != "" {
		height += vg.Points(lineHeight)
	}
	if f.shared() {
		height += vg.Points(sharedHeight)
	}
	return panelWidth*vg.Length(columns) + 2*sideMargin, height
}

// shared reports whether one legend serves several panels.
func (f Figure) shared() bool {
	for _, p := range f.Panels {
		if p.names() != f.Panels[0].names() {
			return false
		}
	}
	return len(f.Panels) > 1 && f.Panels[0].names() != ""
}

func (f Figure) draw(c draw.Canvas) error {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, sideMargin, -sideMargin, sideMargin, -sideMargin)
	if f.Caption != "" {
		c.FillText(small(color.Gray{70}, text.XCenter, text.YBottom), vg.Point{X: c.Center().X, Y: c.Min.Y}, f.Caption)
		c = draw.Crop(c, 0, 0, vg.Points(lineHeight), 0)
	}
	plots := make([]*drawn, len(f.Panels))
	for i, panel := range f.Panels {
		var err error
		if plots[i], err = panel.plot(); err != nil {
			return fmt.Errorf("drawing panel %q: %w", panel.Title, err)
		}
	}
	if f.shared() {
		plots[0].legend.draw(c)
		c = draw.Crop(c, 0, 0, 0, -vg.Points(sharedHeight))
		for _, p := range plots {
			p.legend = nil
		}
	}
	rows, columns := f.grid()
	for from := 0; from < len(plots); from += columns {
		f.drawRow(c, plots[from:min(from+columns, len(plots))], from/columns, rows, columns)
	}
	return nil
}

// drawRow draws the panels of a row with the same height left to all of them, whatever lines their legends take.
func (f Figure) drawRow(c draw.Canvas, plots []*drawn, row, rows, columns int) {
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: innerMargin, PadY: innerMargin}
	lines := 0
	for i, p := range plots {
		lines = max(lines, p.legend.lines(tiles.At(c, i, row).Size().X))
	}
	for i, p := range plots {
		p.draw(tiles.At(c, i, row), lines)
	}
}

func style(size float64, of color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	f := plot.DefaultFont
	f.Variant, f.Size = "Sans", font.Points(size)
	return text.Style{Color: of, Font: f, XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}

func small(of color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	return style(9.5, of, x, y)
}
