package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/kernels"
	"drift/kernels/cpu"
)

// valuesOf is the values of outputs, the leaves being filled at random from a seed.
func valuesOf(t *testing.T, seed uint64, leaves []*Node, outputs ...*Node) [][]float64 {
	t.Helper()
	p, err := Compile(cpu.New(cpu.Options{Threads: 1}), outputs, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := rand.New(rand.NewPCG(seed, 1))
	for _, n := range leaves {
		x := make([]float64, Size(n))
		for i := range x {
			x[i] = r.NormFloat64() + 0.5 // so that the means are no small part
		}
		if b := p.Buffer(n); b != nil {
			if err := b.Write(x); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	all := make([][]float64, len(outputs))
	for k, o := range outputs {
		all[k] = make([]float64, Size(o))
		if err := p.Buffer(o).Read(all[k]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// sameResults compares results element by element, by the largest of each result or 1.
func sameResults(t *testing.T, what string, got, want [][]float64, tolerance float64) {
	t.Helper()
	for i := range got {
		scale := max(1, floats.Norm(want[i], math.Inf(1)))
		for j, v := range got[i] {
			if math.Abs(v-want[i][j]) > tolerance*scale {
				t.Fatalf("%s, result %d: element %d is %v, want %v", what, i, j, v, want[i][j])
			}
		}
	}
}

// randomGeometry is a convolution of any kernel, stride, padding and dilation.
func randomGeometry(r *rand.Rand) kernels.Conv {
	for {
		c := kernels.Conv{O: 1 + r.IntN(3), Window: kernels.Window{N: 3, C: 1 + r.IntN(3), H: 1 + r.IntN(6), W: 1 + r.IntN(6), KH: 1 + r.IntN(3), KW: 1 + r.IntN(3),
			StrideH: 1 + r.IntN(3), StrideW: 1 + r.IntN(2), PadH: r.IntN(3), PadW: r.IntN(3), DilationH: 1 + r.IntN(2), DilationW: 1 + r.IntN(3)}}
		if c.Check() == nil {
			return c
		}
	}
}

// Norms of gradients of kernels, and of their deviations, with the derivatives of both, are the same in all three ways, in float64, for
// kernels, strides, padding and dilations of all kinds.
func TestWaysOfNormsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for k := range 40 {
		c := randomGeometry(r)
		t.Run(fmt.Sprint(k, kernels.Describe(c)), func(t *testing.T) {
			var want [][]float64
			for _, way := range []way{byGradients, byWindows, byPixels} {
				g := New()
				x := Input(g, kernels.Float64, "x", c.N, c.C, c.H, c.W)
				d := Input(g, kernels.Float64, "d", c.N, c.O, c.OutH(), c.OutW())
				w := Input(g, kernels.Float64, "w", c.N)
				in, out := Input(g, kernels.Float64, "in", c.C*c.KH*c.KW, c.C*c.KH*c.KW), Input(g, kernels.Float64, "out", c.O, c.O)
				f := convolved{c, way, x, d}
				sums := []*Node{f.squaredNorms()}
				if way == byGradients { // from definitions
					m := f.mean()
					rest := Sub(f.materialize(), overExamples(Flatten(m), c.N))
					sums = append(sums, SumTail(Square(rest)), m, SumTail(Mul(rest, overExamples(Flatten(m), c.N))), Sum(weighted(rest, w), 0),
						rotatedSquares(direct{rest, m.Shape()}, in, out))
				} else {
					m, rest := f.about([]*Node{Hold(meanOf(x)), Hold(meanOf(d))})
					sums = append(sums, rest.squaredNorms(), m, rest.dot(m), rest.combine(w), rotatedSquares(rest, in, out))
				}
				outputs := append([]*Node{}, sums...)
				for _, s := range []*Node{sums[0], sums[1]} {
					outputs = append(outputs, Grad([]*Node{s}, []*Node{w}, []*Node{x, d})...)
				}
				got := valuesOf(t, uint64(k), []*Node{x, d, w, in, out}, outputs...)
				if want == nil {
					want = got
				}
				sameResults(t, fmt.Sprint("way ", way), got, want, 1e-12) // some hundred roundings
			}
		})
	}
}

// mean is the gradient d̄ x̄ of means over the examples, held constant.
func (f convolved) mean() *Node {
	one := f.geometry
	one.N = 1
	shape := func(x *Node) []int { return append([]int{1}, x.Shape()[1:]...) }
	return Hold(convolved{one, byGradients, Reshape(meanOf(f.x), shape(f.x)...), Reshape(meanOf(f.d), shape(f.d)...)}.combine(nil))
}

// The same way is taken by networks with few and with many channels, on large and on small planes: that of the least work.
func TestWayFollowsFromWork(t *testing.T) {
	conv := func(in, out, side, kernel, stride int) kernels.Conv {
		return kernels.Conv{O: out, Window: kernels.Window{N: 2, C: in, H: side, W: side, KH: kernel, KW: kernel, StrideH: stride, StrideW: stride,
			PadH: kernel / 2, PadW: kernel / 2}}
	}
	for _, test := range []struct {
		c    kernels.Conv
		want way
	}{
		{conv(3, 64, 32, 3, 1), byGradients}, {conv(64, 64, 32, 3, 1), byGradients}, {conv(128, 128, 16, 3, 1), byGradients},
		{conv(256, 256, 8, 3, 1), byPixels}, {conv(512, 512, 4, 3, 1), byPixels}, {conv(512, 512, 7, 3, 1), byPixels},
		{conv(256, 512, 8, 3, 2), byPixels}, {conv(256, 512, 8, 1, 2), byWindows}, {conv(64, 64, 8, 3, 1), byGradients}, {conv(512, 512, 14, 3, 1), byPixels},
	} {
		if got := wayOf(test.c); got != test.want {
			t.Errorf("%s: way %d, want %d", kernels.Describe(test.c), got, test.want)
		}
	}
	grouped := conv(512, 512, 4, 3, 1)
	grouped.Groups = 2
	if got := wayOf(grouped); got != byGradients {
		t.Errorf("groups: way %d", got)
	}
}

// Adjoints of images and outputs in kernel gradients G_n of each image, whose adjoint is c·G_n + m, are those by kernels of each image, also for
// the derivatives that follow, in float64, for kernels, strides, padding and dilations of all kinds.
func TestAdjointsOfOwnKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for k := range 40 {
		c := randomGeometry(r)
		c.PerExample = true
		t.Run(fmt.Sprint(k, kernels.Describe(c)), func(t *testing.T) {
			g := New()
			x := Input(g, kernels.Float64, "x", c.N, c.C, c.H, c.W)
			d := Input(g, kernels.Float64, "d", c.N, c.O, c.OutH(), c.OutW())
			m := Input(g, kernels.Float64, "m", c.O, c.C, c.KH, c.KW)
			f := conv{convWeight, c}
			own := apply(f, x, d)
			adjoint := Sub(overExamples(m, c.N), Scale(Add(own, Scale(own, 2)), 0.5))
			multiple, rest, ok := aboutMean(own, adjoint)
			if !ok || multiple != -1.5 {
				t.Fatalf("the adjoint is found to be %v times the gradients and a mean (%v), want -1.5", multiple, ok)
			}
			fast, explicit := f.ownAdjoints(x, d, multiple, rest), []*Node{f.as(convInput, d, adjoint), f.as(convForward, x, adjoint)}
			var results []*Node
			for _, pair := range [][]*Node{fast, explicit} {
				loss := Add(SumAll(Square(pair[0])), SumAll(Mul(pair[1], Square(pair[1]))))
				results = append(append(results, pair...), Grad([]*Node{loss}, []*Node{nil}, []*Node{x, d, m})...)
			}
			values := valuesOf(t, uint64(k), []*Node{x, d, m}, results...)
			half := len(values) / 2
			sameResults(t, "by products", values[:half], values[half:], 1e-11) // third powers of sums of some hundred products
		})
	}
}

// The derivative of tr Σ convolves images with gradients of their own by products of pixels where planes are small, and by kernels where they are
// large; what all examples share is never repeated for each of them.
func TestAdjointsOfOwnKernelsFollowFromWork(t *testing.T) {
	for _, test := range []struct {
		channels, side int
		products       bool
	}{{64, 8, true}, {32, 16, false}, {16, 32, false}, {64, 4, true}} {
		g := New()
		x := Input(g, kernels.Float32, "x", 4, test.channels, test.side, test.side)
		w := Input(g, kernels.Float32, "w", test.channels, test.channels, 3, 3)
		loss := SumTail(Square(Conv2D(x, w, [2]int{1, 1}, [2]int{1, 1})))
		c := NewCovariance(NewPerExample(loss, []*Node{w}))
		var own, products int
		for _, n := range reach(c.TraceGradient([]*Node{w}), inputsOf) {
			switch f := familyOf(n).(type) {
			case conv:
				if f.PerExample && f.kind != convWeight {
					own++
				}
			case windowGram:
				products++
			}
		}
		if want := test.products; (own == 0) != want || (products > 0) != want {
			t.Errorf("%d channels of %d×%d: %d convolutions with own kernels, %d sums over windows", test.channels, test.side, test.side, own, products)
		}
	}
}
