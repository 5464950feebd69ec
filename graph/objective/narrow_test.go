package objective_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/devicetest"
)

// measured is the loss, tr Σ, the gradient, ∂tr Σ and H v of a model on a device.
func measured(t *testing.T, spec, model string, device kernels.Device, dtype kernels.DType) [][]float64 {
	t.Helper()
	if strings.HasPrefix(spec, "text:") {
		path := t.TempDir() + "/rhyme.txt"
		must(t, os.WriteFile(path, []byte(strings.Repeat("a rose is a rose is a rose. ", 9)), 0o600))
		spec = "text:" + path + ",context=6"
	}
	split, err := data.Load(spec, data.Options{Seed: 5})
	must(t, err)
	m, err := nn.Parse(model, split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	must(t, err)
	f, err := New(device, m, split, Options{DType: dtype, Chunk: 16})
	must(t, err)
	defer f.Close()
	must(t, f.Parameters().Write(m.Init(3)))
	g, d, v, h := vector(t, f), vector(t, f), vector(t, f), vector(t, f)
	direction := make([]float64, m.NumParams())
	for i := range direction {
		direction[i] = math.Cos(float64(i))
	}
	must(t, v.Write(direction))
	all := f.All(Train)
	found, err := f.Evaluate(all)
	must(t, err)
	trace, err := f.TraceGradient(all, g, d)
	must(t, err)
	must(t, f.HVP(all, v, h))
	return [][]float64{{found.Loss}, {trace}, contents(t, g), contents(t, d), contents(t, h)}
}

// Where numbers of examples are stored as bfloat16, with 8 digits, each is off by 2⁻⁸ of itself at most, and by a third of that on average. A loss
// is behind a few of them in a row, a gradient behind twice as many, tr Σ is quadratic in gradients, and ∂tr Σ and H v are behind second
// derivatives too. The errors of single numbers have either sign and average out in sums, so that a few times 2⁻⁸ of the whole remains. Where
// deviations from a mean are small beside it they would not: per-example gradients of these networks are no smaller than their mean. Activations
// and pooling are smooth, as a number near a kink may be rounded to its other side, and the largest of a window to less than another.
func TestNumbersStoredNarrow(t *testing.T) {
	const unit = 0x1p-8
	host := cpu.New(cpu.Options{Threads: 1})
	defer host.Close()
	bounds := []struct {
		what string
		c    float64
	}{{"loss", 1}, {"tr Σ", 2}, {"gradient", 3}, {"∂tr Σ", 4}, {"H v", 4}}
	block := `[{"conv2d":{"out":4,"kernel":3,"padding":1}},{"groupnorm":{"groups":2}},"silu",{"conv2d":{"out":4,"kernel":3,"padding":1}},{"groupnorm":{"groups":2}}]`
	for _, c := range []struct{ data, model, cudnn string }{
		{"glyphs,train=40,test=11", "mlp:24,24,act=tanh", ""},
		{"glyphs,train=40,test=11", "mlp:24,24,act=gelu_tanh", ""},
		{"glyphs,train=20,test=11,size=8", `{"layers":[{"conv2d":{"out":4,"kernel":3}},{"groupnorm":{"groups":2}},"silu","flatten",{"linear":{"out":10}}]}`, ""},
		{"glyphs,train=20,test=11,size=8", `{"layers":[{"conv2d":{"out":4,"kernel":3}},"tanh",{"avgpool2d":{"kernel":2}},{"conv2d":{"out":6,"kernel":3,"padding":1,"groups":2}},"silu",
			{"avgpool2d":{"kernel":3,"stride":1}},"flatten",{"linear":{"out":10}}]}`, "off"},
		{"glyphs,train=20,test=11,size=8", `{"layers":[{"conv2d":{"out":4,"kernel":3}},{"residual":{"layers":` + block + `}},"globalavgpool",{"linear":{"out":10}}]}`, "off"},
		{"text:", "gpt:1,2,8", ""},
	} {
		if c.cudnn != "" {
			t.Setenv("DRIFT_CUDNN", c.cudnn)
		}
		device := devicetest.Narrow(t)
		right, got := measured(t, c.data, c.model, host, kernels.Float64), measured(t, c.data, c.model, device, kernels.Float32)
		for k, b := range bounds {
			t.Logf("%s, %s: %.2f·2⁻⁸", c.model, b.what, distance(got[k], right[k])/unit)
			near(t, c.model+", "+b.what, got[k], right[k], b.c*unit)
		}
		if distance(got[2], right[2]) < unit/1000 {
			t.Errorf("%s: the gradient is as near as float32's: nothing was stored narrow", c.model)
		}
	}
}
