package optim

import (
	"math"

	"drift/graph"
)

// Muon steps by orthogonalized momentum (Jordan et al. 2024): for a matrix of r rows and c columns,
//
//	m ← μm + (1−μ)g,   θ ← θ − η [ √max(1, r/c) · O(m′) + κθ ],
//
// with m′ = m, or (1−μ)g + μm with Nesterov's rule, and O(m′) the matrix whose singular values Newton–Schulz iterations bring near 1. Tensors of
// more axes, as of convolutions, are matrices [r, rest]; their factor is that of their last two axes, as in the authors' code. Vectors follow
// Adam at a rate of its own, which the schedule scales alike.
type Muon struct {
	Rate
	Minibatch
	Decoupled
	Momentum   float64 `json:"momentum" range:"[0,1)" help:"momentum μ: m ← μm + (1−μ)g"`
	Nesterov   bool    `json:"nesterov" help:"Nesterov's form of momentum"`
	Iterations int     `json:"iterations" range:"[1,100]" help:"Newton–Schulz iterations"`
	AdamLR     float64 `json:"adam_lr" range:"[0,inf)" help:"learning rate of vectors, which Adam moves"`
	Moments
}

// DefaultMuon has the authors' defaults.
var DefaultMuon = Muon{Rate: Rate{LearningRate: 0.02, Schedule: "constant"}, Minibatch: defaultMinibatch, Decoupled: noDecay, Momentum: 0.95, Nesterov: true, Iterations: 5,
	AdamLR: 3e-4, Moments: Moments{Beta1: 0.9, Beta2: 0.95, Eps: 1e-10}}

var _ Optimizer = Muon{}

func (Muon) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o Muon) Transform() Transform {
	ratio := 0.0
	if o.LearningRate > 0 {
		ratio = o.AdamLR / o.LearningRate
	}
	return o.around(Orthogonalized{o.Momentum, o.Nesterov, o.Iterations, AdamRule(o.Moments), ratio})
}

// Orthogonalized is the rule of Muon, by tensor; Vectors is what vectors follow, times Ratio.
type Orthogonalized struct {
	Momentum   float64
	Nesterov   bool
	Iterations int
	Vectors    AdamRule
	Ratio      float64
}

var _ Transform = Orthogonalized{}

func (o Orthogonalized) Apply(u *Symbols, d *graph.Node) *graph.Node {
	parts := u.Parts(d)
	var vectors []*graph.Node
	for k, p := range u.Params {
		if len(p.Shape) < 2 {
			vectors = append(vectors, parts[k])
			continue
		}
		parts[k] = o.matrix(u, p.Name, parts[k])
	}
	if len(vectors) == 0 {
		return u.Whole(parts)
	}
	moved := graph.Scale(o.Vectors.Apply(u, graph.Concat(0, vectors...)), o.Ratio)
	from := 0
	for k, p := range u.Params {
		if len(p.Shape) < 2 {
			parts[k] = graph.SliceAxis(moved, 0, from, from+p.Len)
			from += p.Len
		}
	}
	return u.Whole(parts)
}

func (o Orthogonalized) matrix(u *Symbols, name string, g *graph.Node) *graph.Node {
	shape := g.Shape()
	m := runningMean(u, "momentum of "+name, o.Momentum, g)
	if o.Nesterov {
		m = graph.Add(graph.Scale(g, 1-o.Momentum), graph.Scale(m, o.Momentum))
	}
	rows := shape[0]
	x := newtonSchulz(graph.Reshape(m, rows, graph.Size(g)/rows), o.Iterations)
	last := len(shape) - 1
	factor := math.Sqrt(math.Max(1, float64(shape[last-1])/float64(shape[last])))
	return graph.Scale(graph.Reshape(x, shape...), factor)
}

// The coefficients of X ← aX + (bA + cA²)X with A = XXᵀ.
const newtonA, newtonB, newtonC = 3.4445, -4.7750, 2.0315

// newtonSchulz brings the singular values of a matrix [r,c] near 1.
func newtonSchulz(x *graph.Node, iterations int) *graph.Node {
	r, c := x.Shape()[0], x.Shape()[1]
	norm := graph.AddConst(graph.Sqrt(graph.SumAll(graph.Square(x))), 1e-7)
	x = graph.Div(x, graph.BroadcastScalar(norm, r, c))
	for range iterations { // over the smaller side
		a := graph.MatMulT(x, x, r > c, r <= c)
		b := graph.Add(graph.Scale(a, newtonB), graph.Scale(graph.MatMul(a, a), newtonC))
		if r > c {
			x = graph.Add(graph.Scale(x, newtonA), graph.MatMul(x, b))
		} else {
			x = graph.Add(graph.Scale(x, newtonA), graph.MatMul(b, x))
		}
	}
	return x
}
