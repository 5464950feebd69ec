package theory

import (
	"math"
	"testing"
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
