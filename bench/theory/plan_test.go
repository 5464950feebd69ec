package theory

import (
	"math"
	"strings"
	"testing"
	"time"

	"drift/graph/nn"
)

// Within a limit the defaults are taken where they fit, else fewer examples; and what does not fit even so is left out, the dearest first.
func TestPlan(t *testing.T) {
	whole, small := 0.0, 0.0
	for _, c := range costs {
		whole, small = whole+c.usual, small+c.least
	}
	const gradient = time.Millisecond
	for name, c := range map[string]struct {
		limit    float64 // in gradients
		sparing  bool
		left     int
		examples int
	}{
		"enough for all":     {whole + 1, false, 0, 8},
		"enough for the few": {small + 1, true, 0, 4},
		"one is too much":    {small - 1, true, 1, 4},
		"for nothing":        {1, true, len(costs), 4},
	} {
		o, p := within(time.Duration(c.limit*float64(gradient)), gradient)
		if p.Sparing != c.sparing || len(p.LeftOut) != c.left || o.Examples != c.examples || p.Examples != c.examples {
			t.Errorf("%s: %+v, %+v", name, o, p)
		}
		if p.Estimate > time.Duration(c.limit*float64(gradient)) {
			t.Errorf("%s: an estimate of %v", name, p.Estimate)
		}
		if c.left == 1 && p.LeftOut[0].Name != "sampled shuffles" {
			t.Errorf("%s: %+v", name, p.LeftOut)
		}
		if lines := p.Lines(); len(lines) > 0 != c.sparing || c.sparing && len(lines) != c.left+1 {
			t.Errorf("%s: %q", name, lines)
		}
		if err := o.Check(); err != nil {
			t.Error(err)
		}
	}
}

// Every group that takes passes over the network has a cost, and every cost is of a group.
func TestCostsAreOfGroups(t *testing.T) {
	var l lab
	free := map[string]bool{"overlapping batches": true}
	for _, g := range l.groups() {
		if _, there := costs[g.name]; there == free[g.name] {
			t.Errorf("%s: a cost: %v", g.name, there)
		}
		delete(free, g.name)
	}
	if len(costs) != len(l.groups())-1 || math.IsNaN(costs["one update"].usual) {
		t.Errorf("%d costs of %d groups", len(costs), len(l.groups()))
	}
}

// Groups that are left out are not run, and what is planned is told before.
func TestRunWithin(t *testing.T) {
	w := open(t, "mlp:4,act=tanh", nn.CrossEntropy{}, "glyphs,train=16,test=16,size=8")
	var p Plan
	heard := 0
	checks, err := Run(w, Options{Seed: 1, Within: time.Second / 4, Planned: func(of Plan) { p, heard = of, heard+1 }})
	if err != nil || heard != 1 || !p.Sparing || len(p.LeftOut) == 0 || len(checks) < 20 {
		t.Fatalf("%v, heard %d times of %+v, %d checks", err, heard, p, len(checks))
	}
	for _, c := range checks {
		if !c.Pass {
			t.Errorf("fails: %+v", c)
		}
		if strings.Contains(c.Name, "fourth order in the noise") {
			t.Errorf("%s is left out, and was run", c.Name)
		}
	}
}

// Of large data a part plays the data distribution: the checks keep every gradient of it, and all their products.
func TestPopulationIsBounded(t *testing.T) {
	w := open(t, "mlp:4,act=tanh", nn.CrossEntropy{}, "glyphs,train=5000,test=16,size=8")
	l := lab{World: w}
	if n := len(l.population()); n != mostPopulation {
		t.Errorf("%d of 5000 examples", n)
	}
}
