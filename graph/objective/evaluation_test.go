package objective_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// fewPositions is rows of tokens, of which some end early, and a model of scores at each position.
func fewPositions(t testing.TB, n int) *Objective {
	t.Helper()
	set := data.Set{Name: "rows", Shape: []int{4}, Tokens: 5, Classes: 5, Positions: 4}
	r := rand.New(rand.NewPCG(3, 1))
	var ids []float32
	for i := range n {
		for k := range 4 {
			ids = append(ids, float32(r.IntN(5)))
			label := int32(r.IntN(5))
			if k > i%4 {
				label = data.NoLabel
			}
			set.Labels = append(set.Labels, label)
		}
	}
	set.X = data.ValuesOf(ids)
	m, err := nn.Parse(`{"input": [4], "loss": "cross_entropy", "layers": [{"embedding": {"tokens": 5, "width": 6}}, {"linear": {"out": 5}}]}`, set.Shape, 5, nn.CrossEntropy{})
	must(t, err)
	f, err := New(devicetest.Open(1), m, &data.Split{Train: set}, Options{DType: kernels.Float64, Chunk: 16, Seed: 1})
	must(t, err)
	t.Cleanup(f.Close)
	return f
}

// Over many samples loss and accuracy scatter around those of all examples as much as their standard errors say, also where an example has
// several answers.
func TestStandardErrorsOfEvaluations(t *testing.T) {
	const samples = 200
	classes := opened(t, linear6{newBilinear()})
	values := make([]float64, classes.NumParams())
	for i := range values {
		values[i] = float64(i%7) / 7
	}
	must(t, classes.SetValues(values))
	for name, f := range map[string]*Objective{"classes": classes, "positions": fewPositions(t, 40)} {
		whole, err := f.Evaluate(f.All(Train))
		must(t, err)
		all := f.Examples(Train)
		e, err := f.Here(all)
		must(t, err)
		r := rand.New(rand.NewPCG(1, 1))
		var loss, accuracy, lossErrors, accuracyErrors []float64
		for range samples {
			v, err := e.Sample(f.Draw(r, Train, all/2), all)
			must(t, err)
			loss, lossErrors = append(loss, v.Loss), append(lossErrors, v.Sample.Loss)
			accuracy, accuracyErrors = append(accuracy, v.Accuracy), append(accuracyErrors, v.Sample.Accuracy)
		}
		for _, c := range []struct {
			what           string
			values, errors []float64
			want           float64
		}{{"loss", loss, lossErrors, whole.Loss}, {"accuracy", accuracy, accuracyErrors, whole.Accuracy}} {
			got, said := stat.StdDev(c.values, nil), stat.Mean(c.errors, nil)
			if math.Abs(got-said) > 0.2*got { // a deviation from 200 samples is good to 5 %, and samples of 15 estimate theirs with some bias
				t.Errorf("%s: %s scatters by %.4g, its standard error is %.4g", name, c.what, got, said)
			}
			if mean := stat.Mean(c.values, nil); math.Abs(mean-c.want) > 4*got/math.Sqrt(samples) {
				t.Errorf("%s: %s of samples is %.4g in the mean, of all %.4g", name, c.what, mean, c.want)
			}
		}
		v, err := e.Sample(f.All(Train), all)
		must(t, err)
		if v.Sample.Loss != 0 || v.Sample.Accuracy != 0 || v.Loss != whole.Loss || v.Accuracy != whole.Accuracy {
			t.Errorf("%s: everything was drawn: %+v, want %+v", name, v, whole)
		}
	}
}

// Random examples of a part are different ones of it, in order.
func TestExamplesAreDrawn(t *testing.T) {
	f := open(t, models[0], 8)
	drawn := f.Draw(rand.New(rand.NewPCG(1, 2)), Test, 5)
	if len(drawn) != 5 || drawn[0] < 30 || drawn[4] >= 41 || !slices.IsSorted(drawn) || len(slices.Compact(drawn)) != 5 {
		t.Errorf("%v", drawn)
	}
	if all := f.Draw(rand.New(rand.NewPCG(1, 2)), Test, 50); !slices.Equal(all, f.All(Test)) {
		t.Errorf("%v", all)
	}
}

func TestValuesAsJSON(t *testing.T) {
	for _, v := range []Value{{Loss: 1.5, Accuracy: 0.25}, {Loss: 1.5, Accuracy: 0.25, Sample: Sample{10, 300, 0.5, 0.125}}} {
		var again Value
		text, err := json.Marshal(v)
		must(t, err)
		must(t, json.Unmarshal(text, &again))
		if again != v {
			t.Errorf("%s became %+v", text, again)
		}
	}
	text, err := json.Marshal(Value{Loss: 2, Accuracy: math.NaN(), Sample: Sample{10, 300, 0.5, math.NaN()}})
	must(t, err)
	if want := `{"loss":2,"accuracy":null,"sample":{"examples":10,"of":300,"loss_se":0.5,"accuracy_se":null}}`; string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
}
