package objective

import (
	"math"
	"math/rand/v2"
	"slices"

	"drift/data"
)

// Evaluation finds mean loss and accuracy over examples, at θ or at other parameters.
type Evaluation struct {
	objective *Objective
	at        func(b *Batch) *Point
	whole     *Pass
	sampled   *sampled // nil before its first use
}

// sampled is a pass that also brings what each example adds to loss and accuracy.
type sampled struct {
	*Pass
	losses, hits, answers Rows // of one answer an example, answers stay empty
}

// NewEvaluation prepares an evaluation of n examples at the point that a function makes; other numbers are prepared when they come.
func (f *Objective) NewEvaluation(n int, at func(b *Batch) *Point) (*Evaluation, error) {
	p, err := f.Compile(n, func(b *Batch) { b.Measure(at(b)) }, nil)
	if err != nil {
		return nil, err
	}
	return &Evaluation{objective: f, at: at, whole: p}, nil
}

// Of is the mean loss and accuracy over examples.
func (e *Evaluation) Of(examples []int) (Value, error) {
	if err := e.whole.Run(examples); err != nil {
		return Value{}, err
	}
	return e.whole.Measured().Value()
}

// Sample is the mean loss and accuracy over examples that were drawn at random and without repetition from a number of them, for
// all of which it is an estimate.
func (e *Evaluation) Sample(examples []int, from int) (Value, error) {
	if e.sampled == nil {
		s := &sampled{}
		var err error
		if s.Pass, err = e.objective.Compile(max(1, len(examples)), s.expression(e.at), nil); err != nil {
			return Value{}, err
		}
		e.sampled = s
	}
	if err := e.sampled.Run(examples); err != nil {
		return Value{}, err
	}
	v, err := e.sampled.Measured().Value()
	v.Sample = e.sampled.errors(len(examples), from)
	return v, err
}

func (s *sampled) expression(at func(b *Batch) *Point) Expression {
	return func(b *Batch) {
		q := at(b)
		b.Measure(q)
		b.Rows(&s.losses, q.Loss)
		score := score(b.objective.Model, q.Output, q.Target)
		if score.hits != nil {
			b.Rows(&s.hits, score.hits)
		}
		if score.of != nil {
			b.Rows(&s.answers, score.of)
		}
	}
}

// errors is the standard errors of the last run. What an example with h right ones of a answers adds to their share p = Σh/Σa is, to
// first order, (h − p a)/ā.
func (s *sampled) errors(n, from int) Sample {
	e := Sample{Examples: n, Of: from, Accuracy: math.NaN()}
	e.Loss = StandardError(n, from, func(i int) float64 { return s.losses.Values[i] })
	switch hits, answers := s.hits.Values, s.answers.Values; {
	case len(answers) > 0:
		right, all := 0., 0.
		for i, a := range answers {
			right, all = right+hits[i], all+a
		}
		e.Accuracy = StandardError(n, from, func(i int) float64 { return (hits[i] - right/all*answers[i]) / (all / float64(n)) })
	case len(hits) > 0:
		e.Accuracy = StandardError(n, from, func(i int) float64 { return hits[i] })
	}
	return e
}

// StandardError is that of the mean of n values, for the mean of all that they were drawn from at random and without repetition:
// √(s²/n · (1 − n/all)), with their variance s².
func StandardError(n, all int, of func(i int) float64) float64 {
	count, mean, squares := float64(n), 0., 0.
	for i := range n {
		mean += of(i) / count
	}
	for i := range n {
		squares += (of(i) - mean) * (of(i) - mean)
	}
	return math.Sqrt(squares / (count - 1) / count * max(0, 1-count/float64(all)))
}

// Close gives the memory back. A nil evaluation holds none.
func (e *Evaluation) Close() {
	if e == nil {
		return
	}
	e.whole.Close()
	if e.sampled != nil {
		e.sampled.Close()
	}
}

// Evaluate is the mean loss and accuracy over examples at θ.
func (f *Objective) Evaluate(examples []int) (Value, error) {
	e, err := f.Here(len(examples))
	if err != nil {
		return Value{}, err
	}
	return e.Of(examples)
}

// Here is the evaluation at θ, prepared for n examples. It closes with the objective.
func (f *Objective) Here(n int) (*Evaluation, error) {
	if f.here == nil {
		e, err := f.NewEvaluation(max(1, n), func(b *Batch) *Point { return b.Here() })
		if err != nil {
			return nil, err
		}
		f.here = e
	}
	return f.here, nil
}

// Draw is n random examples of a part, or all where there are fewer, in ascending order.
func (f *Objective) Draw(r *rand.Rand, part Part, n int) []int {
	drawn := data.Draw(r, f.Examples(part), n)
	slices.Sort(drawn)
	for i := range drawn {
		drawn[i] += f.first(part)
	}
	return drawn
}
