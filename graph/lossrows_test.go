package graph_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	. "drift/graph"
	"drift/kernels"
)

// The loss and its gradient in the logits are what the formulas give, whatever the number of rows and classes: those of few rows and those
// that are too long for one kernel too, and with sums of columns. Classes that are none make their own rows NaN, or count as placed nowhere; logits may be infinite.
func TestCrossEntropyWithItsGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, size := range [][2]int{{3, 4}, {8, 1}, {30, 10}, {9, 700}, {8, 1<<14 + 1}} {
		n, c := size[0], size[1]
		g := New()
		z, y, weight := Input(g, f64, "z", n, c), Input(g, kernels.Int32, "y", n), Input(g, f64, "weight", n)
		loss := CrossEntropy(z, y)
		dz := Grad([]*Node{loss}, []*Node{weight}, []*Node{z})[0]
		columns := Sum(dz, 0)
		p, err := Compile(device, []*Node{loss, dz, columns}, nil, nil)
		must(t, err)
		logits, weights, classes := make([]float64, n*c), make([]float64, n), make([]int32, n)
		for i := range logits {
			logits[i] = 5 * rng.NormFloat64()
		}
		for i := range weights {
			weights[i], classes[i] = rng.NormFloat64(), int32(rng.IntN(c))
		}
		if n > 3 && c > 4 {
			classes[1], classes[2] = -100, int32(c)
			logits[3*c+2] = math.Inf(-1)
			classes[4], logits[4*c+1] = 1, math.Inf(-1)
		}
		must(t, p.Buffer(z).Write(logits))
		must(t, p.Buffer(y).Write(classes))
		must(t, p.Buffer(weight).Write(weights))
		must(t, p.Run())
		wantLoss, wantGradient, wantSums := make([]float64, n), make([]float64, n*c), make([]float64, c)
		for r := range n {
			row := logits[r*c:][:c]
			top, sum := math.Inf(-1), 0.0
			for _, v := range row {
				top = max(top, v)
			}
			for _, v := range row {
				sum += math.Exp(v - top)
			}
			wantLoss[r] = math.NaN()
			if k := int(classes[r]); k >= 0 && k < c {
				wantLoss[r] = math.Log(sum) + top - row[k]
				wantGradient[r*c+k] = -weights[r]
			}
			for k, v := range row {
				wantGradient[r*c+k] += weights[r] * math.Exp(v-top) / sum
				wantSums[k] += wantGradient[r*c+k]
			}
		}
		for r, want := range wantLoss {
			got := contents(t, p.Buffer(loss))[r]
			if got != want && !(math.IsNaN(got) && math.IsNaN(want)) && !(math.Abs(got-want) <= 1e-13*(1+math.Abs(want))) {
				t.Errorf("%d×%d: loss of row %d is %v, want %v", n, c, r, got, want)
			}
		}
		near(t, "gradient", contents(t, p.Buffer(dz)), wantGradient, 1e-13)
		near(t, "sums of columns", contents(t, p.Buffer(columns)), wantSums, 1e-13)
		p.Close()
	}
}

// The logits of a step's loss are read once, by one kernel.
func TestLogitsAreReadOnce(t *testing.T) {
	g := New()
	z, y := Input(g, f64, "z", 64, 10), Input(g, kernels.Int32, "y", 64)
	loss := CrossEntropy(Scale(z, 2), y)
	dz := Grad([]*Node{SumAll(loss)}, []*Node{nil}, []*Node{z})[0]
	p, err := NewPlan([]*Node{loss, dz}, nil, nil)
	must(t, err)
	text := p.String()
	for _, one := range []string{"crossentropy", "softmax", "place"} {
		if strings.Contains(text, one) {
			t.Errorf("%s is a kernel of its own:\n%s", one, text)
		}
	}
	if p.Steps() > 4 || strings.Count(text, "rowwise") != 1 { // number of the class, a weight, and the rows
		t.Errorf("%s", text)
	}
}
