package optim

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"drift/graph/objective"
)

// Shampoo multiplies the gradient of each tensor along each of its axes by a root of what the gradients summed up to (Gupta, Koren and
// Singer 2018): for a matrix
//
//	L ← L + GGᵀ,   R ← R + GᵀG,   θ ← θ − η L^(−¼) G R^(−¼),
//
// L and R beginning at εI, and for a tensor of k axes powers −1/(2k). Axes longer than MaxSize are left out, and k counts those that are not.
// Statistics and their roots are found on the host, in float64.
type Shampoo struct {
	Heavy
	Minibatch
	Eps     float64 `json:"eps" range:"(0,inf)" help:"ε of εI, where the statistics begin"`
	Refresh int     `json:"refresh" range:"[1,inf)" help:"steps between refreshments of the roots, which are refreshed at each of that number of steps at first"`
	MaxSize int     `json:"max_size" range:"[0,inf)" help:"longest axis of a tensor that is preconditioned"`
}

// DefaultShampoo has the paper's ε.
var DefaultShampoo = Shampoo{Heavy: defaultHeavy, Minibatch: defaultMinibatch, Eps: 1e-4, Refresh: 10, MaxSize: 256}

var _ Optimizer = Shampoo{}

func (o Shampoo) Direction(c Context) (Direction, error) {
	g, err := NewGradient(c)
	if err != nil {
		return nil, err
	}
	d := &shampoo{Gradient: g, options: o, host: make([]float64, g.vector.Len())}
	for _, p := range c.Model.Params() {
		d.tensors = append(d.tensors, newShampooTensor(p, o))
	}
	return d, nil
}

// shampoo is the direction of Shampoo.
type shampoo struct {
	Gradient
	options Shampoo
	tensors []shampooTensor
	host    []float64 // the gradient, then the direction [P]
	steps   float64
}

// shampooTensor is the axes of a tensor that are preconditioned.
type shampooTensor struct {
	name        string
	offset, len int
	axes        []*shampooAxis
}

// shampooAxis sees its tensor as [before, size, behind].
type shampooAxis struct {
	before, size, behind int
	sum                  *mat.SymDense // of GGᵀ over the other axes, without εI
	root                 *mat.Dense
	out                  *mat.Dense // room for a product [size, behind]
}

func newShampooTensor(p objective.Param, o Shampoo) shampooTensor {
	t := shampooTensor{name: p.Name, offset: p.Offset, len: p.Len}
	before := 1
	for _, size := range p.Shape {
		if behind := p.Len / (before * size); size <= o.MaxSize {
			t.axes = append(t.axes, &shampooAxis{before, size, behind, mat.NewSymDense(size, nil), mat.NewDense(size, size, nil), mat.NewDense(size, behind, nil)})
		}
		before *= size
	}
	return t
}

func (d *shampoo) Compute(batch []int, rate float64) (objective.Measured, error) {
	measured, err := d.Gradient.Compute(batch, rate)
	if err == nil {
		err = d.vector.Read(d.host)
	}
	if err != nil || !allFinite(d.host) { // then the loss soon is not, which ends the run
		return measured, err
	}
	// The first sums lack directions that the next gradients have, which old roots would make too long.
	refresh := int(d.steps) < d.options.Refresh || int(d.steps)%d.options.Refresh == 0
	for _, t := range d.tensors {
		if err := t.precondition(d.host[t.offset:][:t.len], refresh, d.options.Eps); err != nil {
			return measured, fmt.Errorf("shampoo: %s: %w", t.name, err)
		}
	}
	d.steps++
	return measured, d.vector.Write(d.host)
}

func allFinite(xs []float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// precondition adds a gradient to the statistics, and makes the direction of it.
func (t shampooTensor) precondition(g []float64, refresh bool, eps float64) error {
	for _, a := range t.axes {
		a.add(g)
	}
	for _, a := range t.axes {
		if refresh {
			if err := a.refresh(-0.5/float64(len(t.axes)), eps); err != nil {
				return err
			}
		}
		a.apply(g)
	}
	return nil
}

// slices are the matrices [size, behind] of a tensor, which share its memory.
func (a *shampooAxis) slices(g []float64, each func(m *mat.Dense)) {
	for i := range a.before {
		each(mat.NewDense(a.size, a.behind, g[i*a.size*a.behind:][:a.size*a.behind]))
	}
}

func (a *shampooAxis) add(g []float64) {
	a.slices(g, func(m *mat.Dense) { a.sum.SymRankK(a.sum, 1, m) })
}

func (a *shampooAxis) apply(g []float64) {
	a.slices(g, func(m *mat.Dense) {
		a.out.Mul(a.root, m)
		m.Copy(a.out)
	})
}

// refresh finds a power of εI and the sum.
func (a *shampooAxis) refresh(power, eps float64) error {
	var eigen mat.EigenSym
	if !eigen.Factorize(a.sum, true) {
		return fmt.Errorf("the eigenvalues of a matrix of %d rows are not found: raise eps, or lower max_size", a.size)
	}
	var vectors, scaled mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil)
	scaled.Apply(func(_, j int, x float64) float64 { return x * math.Pow(math.Max(values[j], 0)+eps, power) }, &vectors)
	a.root.Mul(&scaled, vectors.T())
	return nil
}

// State is the statistics, and the roots, which may be older than these.
func (d *shampoo) State(s objective.State) {
	s.Numbers("shampoo steps", &d.steps)
	for _, t := range d.tensors {
		for k, a := range t.axes {
			in := s.In(fmt.Sprintf("shampoo.%s.%d", t.name, k))
			in.Host("sum", a.sum.RawSymmetric().Data)
			in.Host("root", a.root.RawMatrix().Data)
		}
	}
}
