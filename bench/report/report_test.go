package report

import (
	"bytes"
	"encoding/json"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/plot"
)

// The quantiles are those of printed tables of Student's distribution (three decimals), hence the tolerance.
func TestMean95UsesStudentsQuantiles(t *testing.T) {
	for _, c := range []struct {
		values     []float64
		mean, half float64
	}{
		{[]float64{1, 3}, 2, 12.706 * math.Sqrt2 / math.Sqrt2},
		{[]float64{1, 2, 3}, 2, 4.303 / math.Sqrt(3)},
		{[]float64{2, 4, 4, 4, 6}, 4, 2.776 * math.Sqrt(2) / math.Sqrt(5)},
		{[]float64{7, 7, 7}, 7, 0},
	} {
		got := Mean95(c.values)
		if got.Mean != c.mean || math.Abs(got.CI95-c.half) > 1e-3*(1+c.half) {
			t.Errorf("Mean95(%v) = %v ± %v, want %v ± %v", c.values, got.Mean, got.CI95, c.mean, c.half)
		}
	}
	if one := Mean95([]float64{5}); one.Mean != 5 || !math.IsNaN(one.CI95) {
		t.Errorf("Mean95 of one value = %v", one)
	}
	if none := Mean95(nil); !math.IsNaN(none.Mean) {
		t.Errorf("Mean95 of nothing = %v", none)
	}
}

// Of 2,000 experiments 95 % should cover the truth; the standard error of that share is 0.5 %, and four of them are allowed.
func TestIntervalCoversTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	covered := 0
	for range 2000 {
		values := make([]float64, 5)
		for i := range values {
			values[i] = 3 + 2*r.NormFloat64()
		}
		if v := Mean95(values); math.Abs(v.Mean-3) <= v.CI95 {
			covered++
		}
	}
	if share := float64(covered) / 2000; math.Abs(share-0.95) > 0.02 {
		t.Errorf("the interval covers the truth in %.1f %% of experiments", 100*share)
	}
}

func TestFormat(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.5: "0.5000", 0.72871: "0.7287", 12.3456: "12.35", 1234.56: "1,235", 1500000: "1,500,000", 1234567.8: "1.235e+06",
		-0.25: "−0.2500", 0.00001234: "1.234e-05", math.Inf(1): "+∞", math.Inf(-1): "−∞",
	} {
		if got := Format(x); got != want {
			t.Errorf("Format(%v) = %q, want %q", x, got, want)
		}
	}
	for want, v := range map[string]Interval{
		"0.7287 ± 0.0033":      {0.72871, 0.0033},
		"12.3 ± 1.5":           {12.3456, 1.5},
		"150,000 ± 0":          {150000, 0},
		"1,234 ± 120":          {1234.4, 120},
		"2.000":                {2.00001, math.NaN()},
		"–":                    {math.NaN(), math.NaN()},
		"−0.10 ± 0.20":         {-0.1, 0.2},
		"3.000e-12 ± 1.0e-13":  {3e-12, 1e-13},
		"2.000e+10 ± 1.0e+09":  {2e10, 1e9},
		"−2.000e+10 ± 1.0e+09": {-2e10, 1e9},
		"0.00 ± 0.20":          {-0.001, 0.2},
		"0.000 ± 0.010":        {0.0001, 0.01},
	} {
		if got := v.String(); got != want {
			t.Errorf("%v ± %v prints as %q, want %q", v.Mean, v.CI95, got, want)
		}
	}
}

func TestIntervalJSON(t *testing.T) {
	b, err := json.Marshal([]Interval{{1.5, 0.25}, {2, math.NaN()}, {math.Inf(1), 0}})
	want := `[{"mean":1.5,"ci95":0.25},{"mean":2,"ci95":null},{"mean":null,"ci95":0}]`
	if err != nil || string(b) != want {
		t.Fatalf("got %s, %v; want %s", b, err, want)
	}
	var back []Interval
	if err := json.Unmarshal(b, &back); err != nil || back[0] != (Interval{1.5, 0.25}) || !math.IsNaN(back[1].CI95) {
		t.Errorf("read back %v, %v", back, err)
	}
}

func TestTableAlignsUnicode(t *testing.T) {
	table := Table{Header: []string{"optimizer", "loss"}, Left: 1}
	table.Add("sgd", "1.25 ± 0.10")
	table.Add("gd-reg", "2")
	var b strings.Builder
	if _, err := table.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	want := "optimizer         loss\n─────────  ───────────\nsgd        1.25 ± 0.10\ngd-reg               2\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestTableCSVQuotes(t *testing.T) {
	table := Table{Header: []string{"a", "b"}, Rows: [][]string{{"x,y", `say "z"`}}}
	var b strings.Builder
	if err := table.WriteCSV(&b); err != nil || b.String() != "a,b\n\"x,y\",\"say \"\"z\"\"\"\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		ticker    plot.Ticker
		low, high float64
		want      string
	}{
		{linearTicks{}, 0, 3000, "0 500 1,000 1,500 2,000 2,500 3,000"},
		{linearTicks{}, -0.021, 0.052, "−0.02 0.00 0.02 0.04"},
		{linearTicks{}, 0.38, 0.69, "0.4 0.5 0.6"},
		{linearTicks{}, 1, 7, "1 2 3 4 5 6 7"},
		{linearTicks{}, 0, 2e-7, "0 5e−08 1e−07 1.5e−07 2e−07"},
		{linearTicks{}, 1, 1, ""},
		{logTicks{}, 0.004, 2.1, "0.01 0.1 1"},
		{logTicks{}, 0.03, 0.11, "0.05 0.1"},
		{logTicks{}, 0.03, 0.09, "0.05"},
		{logTicks{}, 1e-8, 1e-5, "1e−8 1e−7 1e−6 1e−5"},
		{logTicks{}, 2e-12, 3e2, "1e−9 1e−6 1e−3 1"},
		{logTicks{}, 0, 1, ""},
	} {
		var labels []string
		for _, tick := range c.ticker.Ticks(c.low, c.high) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
			if tick.Value < c.low*(1-1e-6) && c.low > 0 || tick.Value > c.high*(1+1e-6) {
				t.Errorf("%T from %g to %g has a tick at %g", c.ticker, c.low, c.high, tick.Value)
			}
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%T from %g to %g: %q, want %q", c.ticker, c.low, c.high, got, c.want)
		}
	}
}

func TestLegendStaysWithinItsWidth(t *testing.T) {
	var l legend
	for range 9 {
		l = append(l, legendEntry{name: "an optimizer"})
	}
	lines, widths := l.wrap(panelWidth)
	count := 0
	for i, line := range lines {
		if count += len(line); widths[i] > panelWidth {
			t.Errorf("line %d is %v wide, the panel %v", i, widths[i], panelWidth)
		}
	}
	if count != len(l) || len(lines) < 2 {
		t.Errorf("%d entries in %d lines", count, len(lines))
	}
}

func TestFigureDrawsWhateverItIsGiven(t *testing.T) {
	curve := Curve{Name: "sgd", X: []float64{0, 1, 2}, Y: []Interval{{1, 0.1}, {math.NaN(), 0}, {-2, math.Inf(1)}}}
	dots := curve
	dots.Dots = true
	for name, f := range map[string]Figure{
		"nothing":      {},
		"empty panel":  {Panels: []Panel{{Title: "none", LogX: true, LogY: true}}},
		"odd values":   {Panels: []Panel{{Curves: []Curve{curve, dots}}, {LogY: true, LogX: true, Curves: []Curve{curve, dots}}}},
		"one legend":   {Panels: []Panel{{Curves: []Curve{curve}}, {Curves: []Curve{curve}}}, Caption: "both"},
		"four panels":  {Panels: make([]Panel, 4)},
		"single point": {Panels: []Panel{{LogY: true, Curves: []Curve{{X: []float64{1}, Y: []Interval{{1, 0}}}}}}},
	} {
		var b bytes.Buffer
		if err := f.WritePNG(&b); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if _, err := png.Decode(&b); err != nil {
			t.Errorf("%s: not a PNG: %v", name, err)
		}
		if err := f.WriteSVG(&b); err != nil {
			t.Errorf("%s as SVG: %v", name, err)
		}
	}
}
