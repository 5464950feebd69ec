package nn

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func parsed(t testing.TB, spec string, input []int, outputs int, loss Loss) *Model {
	t.Helper()
	m, err := Parse(spec, input, outputs, loss)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestInitFollowsPyTorch: weights and biases are uniform on ±1/√fan_in, norms start as the identity.
func TestInitFollowsPyTorch(t *testing.T) {
	m := parsed(t, "resnet20", []int{3, 32, 32}, 10, CrossEntropy{})
	theta := m.Init(1)
	fanIn := 0
	for _, p := range m.Params() {
		values := theta[p.Offset : p.Offset+p.Len]
		switch {
		case len(p.Shape) > 1:
			fanIn = p.Len / p.Shape[0]
			checkUniform(t, p.Name, values, 1/math.Sqrt(float64(fanIn)))
		case p.Name == "22.bias": // the last layer's; the convolutions have none
			checkUniform(t, p.Name, values, 1/math.Sqrt(float64(fanIn)))
		case strings.HasSuffix(p.Name, ".weight"):
			checkConstant(t, p.Name, values, 1)
		default:
			checkConstant(t, p.Name, values, 0)
		}
	}
}

// TestInitOfLanguageModels: matrices are N(0, std²), and those whose outputs are added to the stream N(0, std²/(2·layers)).
func TestInitOfLanguageModels(t *testing.T) {
	for spec, std := range map[string]float64{"gpt:4,4,128": 0.02, "gpt:4,4,128,std=0.056": 0.056} {
		m := parsed(t, spec, []int{64}, 65, CrossEntropy{})
		theta := m.Init(1)
		for _, p := range m.Params() {
			values, want := theta[p.Offset:p.Offset+p.Len], std
			switch {
			case len(p.Shape) == 1:
				checkConstant(t, p.Name, values, map[bool]float64{true: 1}[strings.HasSuffix(p.Name, ".weight")])
				continue
			case strings.HasSuffix(p.Name, "out_proj.weight"), strings.HasSuffix(p.Name, ".3.weight"):
				want /= math.Sqrt(8)
			}
			square := 0.0
			for _, v := range values {
				square += v * v / float64(p.Len)
			}
			if error := math.Abs(square/(want*want) - 1); error > 5*math.Sqrt(2/float64(p.Len)) {
				t.Errorf("%s: the mean square of %s is %g, want %g", spec, p.Name, square, want*want)
			}
		}
	}
}

func checkConstant(t *testing.T, name string, values []float64, want float64) {
	t.Helper()
	if slices.Min(values) != want || slices.Max(values) != want {
		t.Errorf("%s is not all %g", name, want)
	}
}

// checkUniform compares range, mean and variance with those of U(±bound), up to 5 standard errors.
func checkUniform(t *testing.T, name string, values []float64, bound float64) {
	t.Helper()
	n := float64(len(values))
	mean, square := 0.0, 0.0
	for _, v := range values {
		mean += v / n
		square += v * v / n
		if math.Abs(v) > bound {
			t.Fatalf("%s has %g outside ±%g", name, v, bound)
		}
	}
	sigma := bound / math.Sqrt(3)
	if math.Abs(mean) > 5*sigma/math.Sqrt(n) {
		t.Errorf("%s: mean %g of values within ±%g", name, mean, bound)
	}
	if spread := math.Sqrt(4.0/45) * bound * bound; math.Abs(square-sigma*sigma) > 5*spread/math.Sqrt(n) {
		t.Errorf("%s: mean square %g, want %g", name, square, sigma*sigma)
	}
}

func TestInitDependsOnSeedAndTensorAlone(t *testing.T) {
	a := parsed(t, "mlp:16,8", []int{4}, 3, CrossEntropy{})
	b := parsed(t, "mlp:16,9,5", []int{4}, 3, CrossEntropy{})
	x, y, z := a.Init(7), b.Init(7), a.Init(8)
	if !slices.Equal(x, a.Init(7)) {
		t.Error("a seed gives two results")
	}
	if !slices.Equal(x[:80], y[:80]) {
		t.Error("layers behind a tensor change it")
	}
	if !slices.Equal(x[80:80+16*8], y[80:80+16*8]) {
		t.Error("the width of a layer changes the values it shares with a narrower one")
	}
	for i := range x {
		if x[i] == z[i] {
			t.Fatalf("seeds 7 and 8 agree at %d", i)
		}
	}
}
