package optim

import "drift/graph"

// Adafactor divides the gradient by the root of a factored mean of its squares (Shazeer and Stern 2018), in PyTorch's arithmetic
// (torch.optim.Adafactor): for a tensor whose last two axes are rows and columns, with β̂ = 1 − t^c at step t,
//
//	R ← β̂R + (1−β̂) mean_columns g²,   C ← β̂C + (1−β̂) mean_rows g²,   v = R Cᵀ / mean R,
//
// and for a vector v ← β̂v + (1−β̂)g². With u = g/√v the step is
//
//	θ ← θ − ηκθ − α u / max(1, rms(u)/d),   α = max(ε₂, rms(θ)) · min(η, 1/√t).
type Adafactor struct {
	Rate
	Minibatch
	Decoupled
	Beta2Decay float64 `json:"beta2_decay" range:"[-1,0]" help:"c: squares of step t have the weight t^c in their mean"`
	Eps        float64 `json:"eps" range:"[0,inf)" zero:"auto" help:"ε₁, least of the roots of mean squares (auto: the precision of the arithmetic)"`
	LeastScale float64 `json:"least_scale" range:"[0,inf)" help:"ε₂, least of a tensor's root mean square, which scales its steps"`
	Threshold  float64 `json:"threshold" range:"[1,inf)" help:"d, largest root mean square of a tensor's step before it is scaled"`
}

// DefaultAdafactor has PyTorch's defaults.
var DefaultAdafactor = Adafactor{Rate: Rate{LearningRate: 1e-2, Schedule: "constant"}, Minibatch: defaultMinibatch, Decoupled: noDecay,
	Beta2Decay: -0.8, LeastScale: 1e-3, Threshold: 1}

var _ Optimizer = Adafactor{}

func (Adafactor) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o Adafactor) Transform() Transform {
	return o.around(FactoredSquares{o.Beta2Decay, o.Eps, o.LeastScale, o.Threshold})
}

// FactoredSquares is the rule of Adafactor, by tensor.
type FactoredSquares struct{ Beta2Decay, Eps, LeastScale, Threshold float64 }

var _ Transform = FactoredSquares{}

func (a FactoredSquares) Apply(u *Symbols, d *graph.Node) *graph.Node {
	if a.Eps == 0 {
		a.Eps = 2 * graph.Unit(graph.DTypeOf(d)) // the distance of 1 from the next number
	}
	steps := u.Scalar("steps")
	now := graph.AddConst(steps, 1)
	u.Set(steps, now)
	fresh := graph.Exp(graph.Scale(graph.Log(now), a.Beta2Decay)) // 1 − β̂
	// min(η, 1/√t)/η, as the step is multiplied by η
	scale := graph.Recip(graph.Mul(graph.Sqrt(now), u.Rate))
	scale = graph.Min(scale, graph.Fill(scale, 1))
	parts, theta := u.Parts(d), u.Parts(u.Parameters)
	for k, p := range u.Params {
		step := graph.Div(parts[k], a.root(u, p.Name, parts[k], fresh))
		size := rootMeanSquare(step)
		size = graph.Max(graph.Scale(size, 1/a.Threshold), graph.Fill(size, 1))
		alpha := rootMeanSquare(theta[k])
		alpha = graph.Mul(graph.Max(alpha, graph.Fill(alpha, a.LeastScale)), scale)
		parts[k] = graph.Mul(step, graph.BroadcastScalar(graph.Div(alpha, size), p.Shape...))
	}
	return u.Whole(parts)
}

// root is √v of a tensor.
func (a FactoredSquares) root(u *Symbols, name string, g, fresh *graph.Node) *graph.Node {
	shape := g.Shape()
	square, last := graph.Square(g), len(shape)-1
	if last == 0 {
		v := a.mean(u, "squares of "+name, square, fresh)
		return graph.Max(graph.Sqrt(v), graph.Fill(v, a.Eps))
	}
	r, c := shape[last-1], shape[last]
	matrices := graph.Size(g) / (r * c)
	square = graph.Reshape(square, matrices, r, c)
	rows := a.mean(u, "rows of "+name, graph.Mean(square, 2), fresh)       // [matrices, r]
	columns := a.mean(u, "columns of "+name, graph.Mean(square, 1), fresh) // [matrices, c]
	mean := graph.Mean(rows, 1)
	mean = graph.Max(mean, graph.Fill(mean, a.Eps))
	v := graph.Mul(graph.Broadcast(rows, 2, c), graph.Broadcast(columns, 1, r))
	v = graph.Div(v, graph.BroadcastTail(mean, matrices, r, c))
	return graph.Reshape(graph.Max(graph.Sqrt(v), graph.Fill(v, a.Eps)), shape...)
}

// mean is the new running mean, in which x has the weight fresh.
func (a FactoredSquares) mean(u *Symbols, name string, x, fresh *graph.Node) *graph.Node {
	state := u.State(name, x.Shape()...)
	next := graph.Add(state, graph.Mul(graph.BroadcastScalar(fresh, x.Shape()...), graph.Sub(x, state)))
	u.Set(state, next)
	return next
}

func rootMeanSquare(x *graph.Node) *graph.Node { return graph.Sqrt(graph.MeanAll(graph.Square(x))) }
