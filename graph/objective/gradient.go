package objective

import (
	"encoding/json"
	"math"
	"slices"

	"drift/graph"
	"drift/kernels"
)

// Value is the mean loss over the examples of a pass, and the share of them whose class has the largest score, NaN for a
// regression.
type Value struct{ Loss, Accuracy float64 }

// MarshalJSON writes an accuracy that there is not as null.
func (v Value) MarshalJSON() ([]byte, error) {
	out := struct {
		Loss     float64  `json:"loss"`
		Accuracy *float64 `json:"accuracy"`
	}{v.Loss, &v.Accuracy}
	if math.IsNaN(v.Accuracy) {
		out.Accuracy = nil
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Value) UnmarshalJSON(text []byte) error {
	var in struct {
		Loss     float64
		Accuracy *float64
	}
	err := json.Unmarshal(text, &in)
	*v = Value{in.Loss, math.NaN()}
	if in.Accuracy != nil {
		v.Accuracy = *in.Accuracy
	}
	return err
}

// Measure adds the batch's share of the mean loss to the sums, and brings the accuracy up to date: from a count of examples,
// because a sum of shares 1/N would round at every chunk.
func (b *Batch) Measure() {
	b.scalar(sumLoss, graph.SumAll(b.Weighted()))
	s := score(b.objective.Model, b.Output, b.Target)
	if s.hits == nil {
		return
	}
	share := b.scalar(sumCorrect, graph.SumAll(s.hits))
	if s.of == nil {
		share = graph.Mul(share, b.Mean)
	} else {
		share = graph.Div(share, b.scalar(sumAnswers, graph.SumAll(s.of)))
	}
	b.set(b.objective.sums.Slice(sumAccuracy, sumAccuracy+1), share)
}

// Measured is the buffer [2] in which Gradient, TraceGradient and Evaluate leave loss and accuracy, for programs that add
// them up without bringing them to the host.
func (f *Objective) Measured() kernels.Buffer { return f.sums.Slice(sumLoss, sumAccuracy+1) }

// Gradient writes ḡ, the gradient of the mean loss over examples of the training data, into a flat vector [P].
func (f *Objective) Gradient(examples []int, into kernels.Buffer) error {
	return f.Pass("gradient", Train, examples, []kernels.Buffer{into}, meanGradient(into), nil)
}

// meanGradient is the expression of Gradient.
func meanGradient(into kernels.Buffer) Expression {
	return func(b *Batch) {
		b.Measure()
		b.Sum(into, graph.Grad([]*graph.Node{b.Loss}, []*graph.Node{graph.BroadcastScalar(b.Mean, b.N)}, b.Params))
	}
}

// Evaluate is the mean loss and accuracy over examples of a part.
func (f *Objective) Evaluate(part Part, examples []int) (Value, error) {
	if err := f.Pass("loss", part, examples, nil, (*Batch).Measure, nil); err != nil {
		return Value{}, err
	}
	return f.Value()
}

// Value is the loss and accuracy that the last pass met: of Gradient, TraceGradient or Evaluate.
func (f *Objective) Value() (Value, error) {
	sums, err := f.readSums()
	v := Value{sums[sumLoss], math.NaN()}
	switch f.accuracy {
	case ofExamples:
		v.Accuracy = sums[sumCorrect] / float64(f.examples)
	case ofAnswers:
		v.Accuracy = sums[sumCorrect] / sums[sumAnswers]
	}
	return v, err
}

// sums is the scalars that programs add up.
type sums [sumCount]float64

func (f *Objective) readSums() (s sums, err error) {
	err = f.sums.Read(s[:])
	return s, err
}

// TraceGradient writes ḡ and ∂tr Σ over examples of the training data, at least two of them, into flat vectors [P] and
// returns tr Σ. Examples that fit one chunk take one sweep; more take a pass for ḡ and another one for Σ_n h_n (g_n − ḡ).
func (f *Objective) TraceGradient(examples []int, mean, trace kernels.Buffer) (float64, error) {
	vectors := []kernels.Buffer{mean, trace}
	var err error
	if len(examples) <= f.chunk {
		err = f.Pass("trace gradient", Train, examples, vectors, func(b *Batch) {
			sigma := graph.NewCovariance(b.PerExample())
			b.Measure()
			b.scalar(sumSquares, graph.SumAll(sigma.SquaredNorms()))
			b.scalar(sumInner, graph.SquaredNorm(sigma.Mean()))
			b.Sum(mean, sigma.Mean())
			b.Sum(trace, sigma.TraceGradient(b.Params))
		}, nil)
	} else if err = f.Gradient(examples, mean); err == nil {
		err = f.Pass("centred gradient", Train, examples, vectors, func(b *Batch) {
			p, m := b.PerExample(), b.Vector(mean)
			b.scalar(sumSquares, graph.SumAll(p.SquaredNorms()))
			if b.first {
				b.scalar(sumInner, graph.SquaredNorm(m))
			}
			b.Sum(trace, p.CenteredGradient(m, graph.Scale(b.Spread, 2), b.Params))
		}, nil)
	}
	if err != nil {
		return 0, err
	}
	sums, err := f.readSums()
	return sums.trace(len(examples)), err
}

// Trace writes ḡ over examples of the training data, at least two of them, into a flat vector [P] and returns tr Σ.
func (f *Objective) Trace(examples []int, mean kernels.Buffer) (float64, error) {
	err := f.Pass("trace", Train, examples, []kernels.Buffer{mean}, func(b *Batch) {
		b.Measure()
		b.scalar(sumSquares, graph.SumAll(b.PerExample().SquaredNorms()))
		g := graph.Grad([]*graph.Node{b.Loss}, []*graph.Node{graph.BroadcastScalar(b.Mean, b.N)}, b.Params)
		b.Sum(mean, g)
		b.scalar(sumInner, norm2(g)) // of use where the examples fit one chunk
	}, nil)
	if err != nil {
		return 0, err
	}
	sums, err := f.readSums()
	if err != nil || len(examples) <= f.chunk {
		return sums.trace(len(examples)), err
	}
	g := make([]float64, mean.Len())
	if err := mean.Read(g); err != nil {
		return 0, err
	}
	sums[sumInner] = 0
	for _, x := range g {
		sums[sumInner] += x * x
	}
	return sums.trace(len(examples)), nil
}

// norm2 is the squared norm of a gradient, of whose parts some may vanish identically.
func norm2(g []*graph.Node) *graph.Node {
	return graph.SquaredNorm(slices.DeleteFunc(slices.Clone(g), func(n *graph.Node) bool { return n == nil }))
}

// trace is (Σ‖g_n‖² − N‖ḡ‖²)/(N−1) from the sums.
func (s sums) trace(n int) float64 {
	return (s[sumSquares] - float64(n)*s[sumInner]) / float64(n-1)
}

// HVP writes H v, the Hessian of the mean loss over examples of the training data times a vector, into another.
func (f *Objective) HVP(examples []int, v, into kernels.Buffer) error {
	return f.Pass("hvp", Train, examples, []kernels.Buffer{v, into}, func(b *Batch) {
		b.Sum(into, graph.HVP([]*graph.Node{b.Weighted()}, b.Params, b.Vector(v)))
	}, nil)
}
