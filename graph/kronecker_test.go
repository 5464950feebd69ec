package graph_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	. "drift/graph"
)

// written is a convolution of n images of side × side pixels with kernels of 2 × 2, written out for one group of it: the windows a [n·t,in]
// and the adjoints d [n·t,out] of the positions t.
type written struct{ a, d *mat.Dense }

const (
	writtenExamples, writtenChannels = 5, 4
	writtenSide, writtenKernel       = 5, 2
	writtenPlaces                    = writtenSide - writtenKernel + 1
	writtenPositions                 = writtenPlaces * writtenPlaces
)

func writtenOut(x, d []float64, group, groups, outputs int) written {
	const rows, window = writtenExamples * writtenPositions, writtenKernel * writtenKernel
	channels, out := writtenChannels/groups, outputs/groups
	w := written{mat.NewDense(rows, channels*window, nil), mat.NewDense(rows, out, nil)}
	for row := range rows {
		example, position := row/writtenPositions, row%writtenPositions
		top, left := position/writtenPlaces, position%writtenPlaces
		for column := range channels * window {
			channel := example*writtenChannels + group*channels + column/window
			y, x0 := top+column%window/writtenKernel, left+column%writtenKernel
			w.a.Set(row, column, x[(channel*writtenSide+y)*writtenSide+x0])
		}
		for column := range out {
			w.d.Set(row, column, d[(example*outputs+group*out+column)*writtenPositions+position])
		}
	}
	return w
}

// moment is Σ x xᵀ over rows.
func moment(x *mat.Dense) *mat.Dense {
	var m mat.Dense
	m.Mul(x.T(), x)
	return &m
}

// less is the rows without s, and total is their sum.
func less(x *mat.Dense, s []float64) (rest *mat.Dense, total []float64) {
	rest, total = mat.DenseCopyOf(x), make([]float64, len(s))
	rest.Apply(func(_, j int, v float64) float64 { total[j] += v - s[j]; return v - s[j] }, rest)
	return rest, total
}

// withOnes is the rows with 1 behind them.
func withOnes(x *mat.Dense) *mat.Dense {
	rows, columns := x.Dims()
	wide := mat.NewDense(rows, columns+1, nil)
	wide.Apply(func(i, j int, _ float64) float64 {
		if j == columns {
			return 1
		}
		return x.At(i, j)
	}, wide)
	return wide
}

// gradient is that of an example less m.
func (w written) gradient(example int, m *mat.Dense) *mat.Dense {
	_, in := w.a.Dims()
	_, out := w.d.Dims()
	from, to := example*writtenPositions, (example+1)*writtenPositions
	g := mat.NewDense(out, in, nil)
	g.Mul(w.d.Slice(from, to, 0, out).T(), w.a.Slice(from, to, 0, in))
	g.Sub(g, m)
	return g
}

// rotated is Σ_n (Oᵀ(g_n − m)I)².
func (w written) rotated(m, in, out *mat.Dense) *mat.Dense {
	sum := mat.DenseCopyOf(m)
	sum.Zero()
	for n := range writtenExamples {
		var r mat.Dense
		r.Product(out.T(), w.gradient(n, m), in)
		r.MulElem(&r, &r)
		sum.Add(sum, &r)
	}
	return sum
}

// Each group of a convolution has the moments of its own windows and adjoints, and its gradients are rotated into bases of its own.
func TestKroneckerFactorsOfGroups(t *testing.T) {
	for _, c := range []struct{ groups, outputs int }{{1, 3}, {2, 6}, {4, 4}, {4, 8}} {
		t.Run(fmt.Sprintf("%d groups of %d outputs", c.groups, c.outputs), func(t *testing.T) {
			in, out := writtenChannels/c.groups*writtenKernel*writtenKernel, c.outputs/c.groups
			shape := func(axes ...int) []int {
				if c.groups == 1 {
					return axes
				}
				return append([]int{c.groups}, axes...)
			}
			g := New()
			x := Input(g, f64, "x", writtenExamples, writtenChannels, writtenSide, writtenSide)
			k := Input(g, f64, "k", c.outputs, writtenChannels/c.groups, writtenKernel, writtenKernel)
			y := GroupedConv2D(x, k, [2]int{1, 1}, [2]int{}, [2]int{1, 1}, c.groups)
			d := Input(g, f64, "d", y.Shape()...)
			s, inBasis, outBasis := Input(g, f64, "s", shape(out)...), Input(g, f64, "I", shape(in, in)...), Input(g, f64, "O", shape(out, out)...)
			r, v := rand.New(rand.NewPCG(1, 2)), values{}
			for _, leaf := range []*Node{x, k, d, s, inBasis, outBasis} {
				v[leaf] = normal(r, Size(leaf))
			}
			p := NewPerExample(SumTail(Mul(y, d)), []*Node{k})
			factors, ok := p.Kronecker(0)
			if !ok || factors.Groups() != c.groups || factors.Positions() != writtenPositions {
				t.Fatalf("%v, %d groups, %d positions", ok, factors.Groups(), factors.Positions())
			}
			outputs, sum := factors.OutputMoment(s)
			got := evaluate(t, v, factors.InputMoment(), factors.Homogeneous().InputMoment(), factors.OutputMean(), outputs, sum,
				factors.RotatedSquares(inBasis, outBasis), p.Deviations().RotatedSquares(0, inBasis, outBasis))

			want := make([][]float64, len(got))
			for group := range c.groups {
				w := writtenOut(v[x], v[d], group, c.groups, c.outputs)
				i, o := mat.NewDense(in, in, v[inBasis][group*in*in:][:in*in]), mat.NewDense(out, out, v[outBasis][group*out*out:][:out*out])
				_, mean := less(w.d, make([]float64, out))
				for k := range mean {
					mean[k] /= writtenExamples * writtenPositions
				}
				rest, sums := less(w.d, v[s][group*out:][:out])
				none, middle := mat.NewDense(out, in, nil), mat.NewDense(out, in, nil)
				for n := range writtenExamples {
					middle.Add(middle, w.gradient(n, none))
				}
				middle.Scale(1./writtenExamples, middle)
				for k, m := range [][]float64{moment(w.a).RawMatrix().Data, moment(withOnes(w.a)).RawMatrix().Data, mean, moment(rest).RawMatrix().Data, sums,
					w.rotated(none, i, o).RawMatrix().Data, w.rotated(middle, i, o).RawMatrix().Data} {
					want[k] = append(want[k], m...)
				}
			}
			for k, name := range []string{"inputs", "inputs and 1", "mean of outputs", "outputs", "sum of outputs", "squares", "squares of deviations"} {
				near(t, name, got[k], want[k], 1e-12)
			}
		})
	}
}
