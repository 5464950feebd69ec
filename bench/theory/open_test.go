package theory

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/graph/nn"
)

// Where rounding leaves too few rates for a slope a statement is open, and so is a control, which is not rejected by that. A leading term that is off
// settles it all the same.
func TestOpen(t *testing.T) {
	readings := func(leading float64) (all []reading) {
		for k := range 8 {
			rate := math.Ldexp(1, -k)
			all = append(all, reading{rate: rate, predicted: []float64{rate}, measured: []float64{leading*rate + 0.001*rate*rate}, rounding: 1e-5})
		}
		return all
	}
	for _, c := range []struct {
		name                string
		check               Check
		pass, open, control bool
	}{
		{"too few rates", order("", "", 2, readings(1)), false, true, false},
		{"a control of too few rates", control("", order("", "", 2, readings(1))), false, true, true},
		{"a leading term that is off", order("", "", 2, readings(1.05)), false, false, false},
		{"a control with a leading term that is off", control("", order("", "", 2, readings(1.05))), true, false, true},
	} {
		if c.check.Pass != c.pass || c.check.Open != c.open || c.check.Control != c.control {
			t.Errorf("%s: %+v", c.name, c.check)
		}
	}
	if v := order("", "", 2, readings(1)).verdict(); v != "open" {
		t.Errorf("the verdict is %q", v)
	}
}

// Rates at which units change their sides of kinks say nothing of an order: they are left out, and where they leave nothing the statement is open.
func TestRatesThatCrossKinksAreLeftOut(t *testing.T) {
	crossing := func(rates int) []reading {
		all := synthetic(1, 3, 1e-16)
		for k := range rates {
			all[k].crossed = true
			all[k].measured[0] *= 2
		}
		return all
	}
	for _, c := range []struct {
		rates      int
		pass, open bool
		note       string
	}{
		{0, true, false, ""},
		{2, true, false, "rounding dominates at 0 of 8 rates, and kinks are crossed at 2, left out"},
		{4, false, true, "kinks are crossed at 4: 4 are left, a slope needs 5"},
		{7, false, true, "1 are left"},
		{8, false, true, "kinks are crossed at every rate"},
	} {
		got := order("", "", 3, crossing(c.rates))
		if got.Pass != c.pass || got.Open != c.open || !strings.Contains(got.Note, c.note) || c.note == "" && got.Note != "" {
			t.Errorf("%d of 8 rates cross: %+v", c.rates, got)
		}
	}
}

// Of a network of ReLUs the amplitudes of noise that cross no kink show the order that a smooth network shows at all, and others do not.
func TestAmplitudesThatCrossKinksAreNoticed(t *testing.T) {
	l := &lab{World: open(t, "mlp:8", nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8"), Options: Options{Rates: 6}, claims: stated}
	examples := l.Train[:4]
	d := Descent{Rate: 0.02}
	readings := l.amplify(d, examples, 2, squared(l.predict(l.claims.beyond, d, examples, 2).Both()))
	must(t, l.Err())
	var size float64 // of the error over the fourth power of the amplitude, where no kink is crossed
	crossed := 0
	for _, r := range slices.Backward(readings) {
		e := floats.Distance(r.predicted, r.measured, 2)
		switch fourth := e / math.Pow(r.rate, 4); {
		case r.crossed:
			crossed++
		case e <= clearOfNoise*r.rounding:
		case size == 0:
			size = fourth
		case !(math.Abs(fourth/size-1) < 0.3): // the next order, and rounding of a quarter of the first
			t.Errorf("amplitude %v crosses no kink and has an error of %v, not %v", r.rate, fourth, size)
		}
	}
	if crossed == 0 || crossed == len(readings) || size == 0 {
		t.Fatalf("%d of %d amplitudes cross kinks", crossed, len(readings))
	}
}

// A unit that lies on its kink is named: with biases of 0 all units are there for an input of zeros, and what other examples say moves the biases.
func TestUnitsOnTheirKinkAreRefused(t *testing.T) {
	table := filepath.Join(t.TempDir(), "zeros.csv")
	rows := "a,b,c,y\n0,0,0,1\n"
	for i := range 19 {
		rows += fmt.Sprintf("%v,%v,%v,%d\n", math.Sin(float64(i)), math.Cos(float64(i)), math.Sin(float64(2*i)), i%2)
	}
	must(t, os.WriteFile(table, []byte(rows), 0o600))
	w := open(t, `{"layers":[{"linear":{"out":6}},"relu",{"linear":{"out":2}}]}`, nn.CrossEntropy{}, "csv:"+table+",normalize=off")
	if _, err := newLab(w, Options{}); err != nil {
		t.Fatal(err)
	}
	theta := slices.Clone(w.origin)
	clear(theta[18:24])
	w.MoveTo(theta)
	if _, err := newLab(w, Options{}); err == nil || !strings.Contains(err.Error(), "lies on its kink for example 0") {
		t.Errorf("a network with units on their kinks: %v", err)
	}
}
