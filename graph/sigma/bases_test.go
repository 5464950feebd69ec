package sigma

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// whole is the basis that the layers' bases make for all parameters: row o·in+i of a weight, or of a group of it, has O[o,·]⊗I[i,·].
func (b *bases) whole(t testing.TB) *mat.Dense {
	t.Helper()
	axes := make([]float64, b.axes.Len())
	must(t, b.axes.Read(axes))
	p := b.f.NumParams()
	m := mat.NewDense(p, p, nil)
	for k, param := range b.f.Model.Params() {
		l := b.layers[k]
		for r := range param.Len {
			if l == nil {
				m.Set(param.Offset+r, param.Offset+r, 1)
				continue
			}
			for c := range param.Len {
				group, block := r/(l.out*l.in), l.out*l.in
				if c/block != group {
					continue
				}
				r, c := r%block, c%block
				in := axes[l.at+group*l.in*l.in+r%l.in*l.in+c%l.in]
				out := axes[l.middle()+group*l.out*l.out+r/l.in*l.out+c/l.in]
				m.Set(param.Offset+group*block+r, param.Offset+group*block+c, in*out)
			}
		}
	}
	return m
}

// The solution is B (Bᵀḡ)/(diag BᵀΣB + δ) with an orthogonal B.
func TestKroneckerInverseEqualsADenseOne(t *testing.T) {
	allCases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		sigma, mean := dense(rows(t, f, examples))
		inverse, err := NewKroneckerInverse(f, 0, 1)
		must(t, err)
		defer inverse.Close()
		x, err := f.NewVector()
		must(t, err)
		defer x.Free()
		mustSolve(t, inverse, examples, Damping{Value: 0.03}, x)
		basis := inverse.bases.whole(t)
		p := len(mean)
		var unit, rotated mat.Dense
		unit.Mul(basis.T(), basis)
		for i := range p {
			unit.Set(i, i, unit.At(i, i)-1)
		}
		if d := mat.Norm(&unit, 2); d > 1e-10 {
			t.Errorf("BᵀB differs from the identity by %.3g", d)
		}
		rotated.Product(basis.T(), sigma, basis)
		along, got, want := mat.NewVecDense(p, nil), make([]float64, p), mat.NewVecDense(p, nil)
		along.MulVec(basis.T(), mat.NewVecDense(p, mean))
		for i := range p {
			along.SetVec(i, along.AtVec(i)/(rotated.At(i, i)+0.03))
		}
		want.MulVec(basis, along)
		must(t, x.Read(got))
		near(t, "kronecker", got, want.RawVector().Data, 1e-9)
		r, err := inverse.Report()
		must(t, err)
		near(t, "report", []float64{r.Trace, r.Descent}, []float64{mat.Trace(sigma), floats.Dot(mean, want.RawVector().Data)}, 1e-9)
	})
}

// For one dense layer the factors are those of the inputs and of the gradients of its biases, and the bases diagonalize them.
func TestBasesDiagonalizeTheFactors(t *testing.T) {
	set := noise(few)
	m, err := nn.Parse(`{"layers": ["flatten", {"linear": {"out": 3}}]}`, set.Shape, set.Classes, nn.CrossEntropy{})
	must(t, err)
	f, err := objective.New(devicetest.Open(0), m, &data.Split{Train: set}, objective.Options{DType: kernels.Float64, Chunk: chunked})
	must(t, err)
	defer f.Close()
	must(t, f.Parameters().Write(m.Init(1)))
	b, err := newBases(f, 0, 1)
	must(t, err)
	defer b.close()
	_, err = b.step(f.All(objective.Train))
	must(t, err)
	axes := make([]float64, b.axes.Len())
	must(t, b.axes.Read(axes))
	x, d := mat.NewDense(few, 36, nil), mat.NewDense(few, 3, nil)
	g := rows(t, f, f.All(objective.Train))
	for n := range few {
		for i := range 36 {
			x.Set(n, i, set.X.At(36*n+i))
		}
		copy(d.RawRowView(n), g.RawRowView(n)[108:])
	}
	for j := range 3 {
		mean := mat.Sum(d.ColView(j)) / few
		for n := range few {
			d.Set(n, j, d.At(n, j)-mean)
		}
	}
	for name, c := range map[string]struct{ rows, basis *mat.Dense }{
		"inputs":   {x, mat.NewDense(36, 36, axes[:36*36])},
		"adjoints": {d, mat.NewDense(3, 3, axes[36*36:])},
	} {
		var r mat.Dense
		r.Product(c.basis.T(), c.rows.T(), c.rows, c.basis)
		size, off := mat.Norm(&r, 2), 0.0
		for i := range r.RawMatrix().Rows {
			for j := range i {
				off = math.Max(off, math.Abs(r.At(i, j)))
			}
		}
		if off > 1e-10*size {
			t.Errorf("%s: off the diagonal there is %.3g beside %.3g", name, off, size)
		}
	}
}

// What rounding makes of the zeros of a matrix does not move its basis, and a matrix of nothing else has the axes themselves.
func TestEigenbasesDoNotFollowRounding(t *testing.T) {
	const n, rank = 20, 6
	rows := mat.NewDense(rank, n, gaussian(3, rank*n))
	for r := range rank { // elements that are always 0, or always equal
		rows.Set(r, 0, 0)
		rows.Set(r, 7, rows.At(r, 5))
	}
	var exact mat.SymDense
	exact.SymOuterK(1, rows.T())
	basis := func(size, noise float64) *mat.Dense {
		s := mat.NewSymDense(n, nil)
		errors := gaussian(4, n*n)
		for i := range n {
			for j := range i + 1 {
				s.SetSym(i, j, size*exact.At(i, j)+noise*errors[i*n+j])
			}
		}
		into := mat.NewDense(n, n, gaussian(5, n*n)) // of before
		must(t, Eigenbasis(s, into))
		return into
	}
	plain, disturbed := basis(1, 0), basis(1, 1e-9)
	var unit, rotated mat.Dense
	unit.Mul(plain.T(), plain)
	rotated.Product(plain.T(), &exact, plain)
	for i := range n {
		for j := range n {
			if i == j {
				unit.Set(i, i, unit.At(i, i)-1)
			} else if d := math.Abs(rotated.At(i, j)); d > 1e-10 {
				t.Errorf("element %d, %d is %.3g off the diagonal", i, j, d)
			}
			// A vector has either sign.
			if d := math.Abs(math.Abs(plain.At(i, j)) - math.Abs(disturbed.At(i, j))); d > 1e-7 {
				t.Errorf("element %d, %d of the basis moves by %.3g", i, j, d)
			}
		}
	}
	if d := mat.Norm(&unit, 2); d > 1e-12 {
		t.Errorf("BᵀB differs from the identity by %.3g", d)
	}
	none := basis(0, 0)
	for i := range n {
		none.Set(i, i, none.At(i, i)-1)
	}
	if d := mat.Norm(none, 2); d != 0 {
		t.Errorf("the basis of a matrix of zeros is not the identity: %v", mat.Formatted(none))
	}
}

// Batches between refreshments have parts where the factors vanished. How examples are cut into chunks shows in rounding alone.
func TestKroneckerInverseDoesNotFollowTheChunk(t *testing.T) {
	set := noise(4 * few)
	var want []float64
	for _, chunk := range []int{few, 4, 1} {
		m, err := nn.Parse(networks["groups"], set.Shape, set.Classes, nn.CrossEntropy{})
		must(t, err)
		f, err := objective.New(devicetest.Open(0), m, &data.Split{Train: set}, objective.Options{DType: kernels.Float64, Chunk: chunk})
		must(t, err)
		defer f.Close()
		must(t, f.Parameters().Write(m.Init(1)))
		inverse, err := NewKroneckerInverse(f, 0.9, 4)
		must(t, err)
		defer inverse.Close()
		x, err := f.NewVector()
		must(t, err)
		defer x.Free()
		for k := range 4 {
			mustSolve(t, inverse, f.All(objective.Train)[k*few:(k+1)*few], Damping{Value: 0.01}, x)
		}
		got := make([]float64, f.NumParams())
		must(t, x.Read(got))
		if want == nil {
			want = got
		}
		near(t, "kronecker", got, want, 1e-9)
	}
}

func TestWideBasesAreComplete(t *testing.T) {
	n := allVectors + 40
	a := mat.NewDense(n, n, gaussian(3, n*n))
	var s mat.SymDense
	s.SymOuterK(1, a)
	basis := mat.NewDense(n, n, nil)
	must(t, leadingBasis(&s, basis))
	var unit mat.Dense
	unit.Mul(basis.T(), basis)
	for i := range n {
		unit.Set(i, i, unit.At(i, i)-1)
	}
	if d := mat.Norm(&unit, 2); d > 1e-9 {
		t.Errorf("BᵀB differs from the identity by %.3g", d)
	}
	first := mat.Col(nil, 0, basis)
	image := times(&s, first)
	value := floats.Dot(first, image)
	floats.AddScaled(image, -value, first)
	if r := floats.Norm(image, 2); r > 2e-3*value {
		t.Errorf("first vector: residual %.3g beside %.3g", r, value)
	}
}
