package graph

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
)

// A sum of two convolutions that nothing else reads is one call where the device has one for it, with the numbers of two calls; what is read
// besides, and sums of two that have kernels for each image, stay as they are.
func TestSumsOfConvolutionsAreOneCall(t *testing.T) {
	dev := cpu.New(cpu.Options{})
	defer dev.Close()
	convSum := kernels.ConvSum{Conv: kernels.Conv{Window: kernels.Window{N: 8, C: 8, H: 16, W: 16, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}, O: 9, Groups: 1}}
	if !dev.(kernels.Summing).Sums(convSum, kernels.Float32) {
		t.Skip("this processor has no call for sums of convolutions")
	}
	same := [2]int{1, 1}
	for name, c := range map[string]struct {
		sum  func(x, y, k, own *Node) *Node
		want bool
	}{
		"shared":    {func(x, y, k, _ *Node) *Node { return Add(Conv2D(x, k, same, same), Conv2D(y, Scale(k, 2), same, same)) }, true},
		"own first": {func(x, y, k, own *Node) *Node { return Add(Conv2D(x, own, same, same), Conv2D(y, k, same, same)) }, true},
		"own last":  {func(x, y, k, own *Node) *Node { return Add(Conv2D(y, k, same, same), Conv2D(x, own, same, same)) }, true},
		"apart": {func(x, y, k, own *Node) *Node {
			return addBeside(Conv2D(y, own, same, same), Add(Square(Conv2D(x, Scale(k, 2), same, same)), Conv2D(x, k, same, same)))
		}, true},
		"both own": {func(x, y, _, own *Node) *Node { return Add(Conv2D(x, own, same, same), Conv2D(y, own, same, same)) }, false},
		"read twice": {func(x, y, k, own *Node) *Node {
			z := Conv2D(x, k, same, same)
			return Add(Tanh(z), Add(z, Conv2D(y, own, same, same)))
		}, false},
	} {
		var results [2][]float64
		for way := range results {
			b := NewBuilder(kernels.Float32)
			if way == 1 {
				b.For(dev)
			}
			in := []*Node{b.Input("x", 8, 8, 16, 16), b.Input("y", 8, 8, 16, 16), b.Input("k", 9, 8, 3, 3), b.Input("own", 8, 9, 8, 3, 3)}
			out := Square(c.sum(in[0], in[1], in[2], in[3]))
			b.Output(out)
			plan, err := b.Plan()
			if err != nil {
				t.Fatal(err)
			}
			if has := strings.Contains(plan.String(), "convsum"); has != (c.want && way == 1) {
				t.Errorf("%s: a call for the sum: %v in\n%v", name, has, plan)
			}
			program, err := b.Load(plan, dev, nil)
			if err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for _, n := range in {
				if buffer := program.Buffer(n); buffer != nil {
					x := make([]float64, Size(n))
					for i := range x {
						x[i] = rng.NormFloat64()
					}
					if err := buffer.Write(x); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := program.Run(); err != nil {
				t.Fatal(err)
			}
			results[way] = make([]float64, Size(out))
			if err := program.Buffer(out).Read(results[way]); err != nil {
				t.Fatal(err)
			}
		}
		for i, v := range results[1] {
			if want := results[0][i]; math.Abs(v-want) > 1e-4*(1+want) { // squares of sums of 144 products, each to 24 bits
				t.Fatalf("%s: %d is %v, as two calls %v", name, i, v, want)
			}
		}
	}
}
