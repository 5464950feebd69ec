package study

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"drift/optim"
	"drift/optim/options"
)

func TestRadicalInverse(t *testing.T) {
	for _, c := range []struct {
		n, base int
		want    float64
	}{{1, 2, 0.5}, {2, 2, 0.25}, {3, 2, 0.75}, {6, 2, 0.375}, {1, 3, 1. / 3}, {5, 3, 7. / 9}} {
		if got := radicalInverse(c.n, c.base); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%d in base %d: %v, want %v", c.n, c.base, got, c.want)
		}
	}
}

// Every registered optimizer can be searched: trials differ, stay in their space, fit the problem, and are numbers that one would type.
func TestTrialsStayInTheirSpace(t *testing.T) {
	for _, e := range optim.Registered() {
		o := e.Optimizer
		for name, text := range map[string]string{"batch": "20", "emulate_batch": "10"} {
			if options.Has(o, name) {
				o = must(options.Set(o, name, text))
			}
		}
		if first := must(Tried(o, 0)); first != o {
			t.Errorf("%s: the first trial changes the options", e.Name)
		}
		seen := map[optim.Optimizer]bool{}
		for k := range 20 {
			trial := must(Tried(o, k))
			seen[trial] = true
			if err := optim.Check(trial, optim.Problem{Examples: 100, Steps: 10}); err != nil {
				t.Errorf("%s, trial %d: %v", e.Name, k, err)
			}
			for _, d := range Space(o) {
				x, rounding := options.Number(trial, d.Name), 0.0
				if d.whole {
					rounding = 0.5
				}
				if x < d.Low*0.995-rounding || x > d.High*1.005+rounding {
					t.Errorf("%s, trial %d: %s = %v, which is not within %v and %v", e.Name, k, d.Name, x, d.Low, d.High)
				}
				if text := fmt.Sprintf("%.3g", x); text != fmt.Sprint(x) {
					t.Errorf("%s, trial %d: %s = %v", e.Name, k, d.Name, x)
				}
			}
		}
		if len(seen) != 20 {
			t.Errorf("%s: %d of 20 trials differ", e.Name, len(seen))
		}
	}
	blocks := optim.DefaultGDReg
	blocks.EmulateBatch, blocks.Penalty = 10, "blocks"
	if n := len(Space(blocks)); n != 1 {
		t.Errorf("in blocks gd-reg has %d dimensions", n)
	}
}

// An entry that was kept as JSON comes back as the same optimizer, a caller's own type too, since the entries at hand say the type.
func TestEntriesComeBackFromJSON(t *testing.T) {
	for _, e := range append(optim.Registered(), optim.Entry{Name: "own", Optimizer: own{optim.DefaultSGD, 3}}) {
		changed := must(options.Set(e.Optimizer, "lr", "0.0123"))
		text, err := json.Marshal(Entry{Name: e.Name, Optimizer: changed, Steps: 7})
		if err != nil {
			t.Fatal(err)
		}
		var back Entry
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(back); err != nil || string(again) != string(text) {
			t.Errorf("%s is written anew as %s, %v", text, again, err)
		}
		if err := back.Bind(Entry{Name: e.Name, Optimizer: e.Optimizer}); err != nil || back.Optimizer != changed || back.Steps != 7 || back.Name != e.Name {
			t.Errorf("%s came back as %+v, %v", text, back, err)
		}
		if err := (&Entry{Name: "another"}).Bind(Entry{Name: e.Name, Optimizer: e.Optimizer}); err == nil {
			t.Error("what is of another name was taken")
		}
	}
}

// own is an optimizer that is not registered.
type own struct {
	optim.SGD
	Extra float64 `json:"extra" range:"[0,inf)" search:"0.5 2"`
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// An optimizer with transformations added is searched and kept like the one inside.
func TestOptimizersWithTransformations(t *testing.T) {
	clipped := optim.With(optim.DefaultAdamW, optim.Clip{Norm: 1})
	if got, want := fmt.Sprint(Space(clipped)), fmt.Sprint(Space(optim.DefaultAdamW)); got != want {
		t.Errorf("it is searched over %s, want %s", got, want)
	}
	tried := Entry{Name: "clipped", Optimizer: must(Tried(clipped, 3))}
	text := must(json.Marshal(tried))
	var back Entry
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	err := back.Bind(Entry{Name: "clipped", Optimizer: clipped})
	if err != nil || string(must(json.Marshal(back))) != string(text) || options.Get(back.Optimizer, "lr") == "0.001" {
		t.Errorf("%v: %s came back as %s", err, text, must(json.Marshal(back)))
	}
	if n := len(back.Optimizer.Transform().(optim.Chain)); n != 2 {
		t.Errorf("%d stages, want those of AdamW and the clip", n)
	}
}
