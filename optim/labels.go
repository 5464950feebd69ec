package optim

import (
	"drift/graph"
	"drift/graph/objective"
)

// labels draws labels from the distribution that a network's outputs are: functions of the run's seed, of the step and of the example.
type labels struct {
	key  *objective.Key
	seed uint64
	step float64 // steps done
}

func newLabels(c Context) (labels, error) {
	if err := objective.CheckSampler(c.Model); err != nil {
		return labels{}, err
	}
	key, err := c.NewKey("labels")
	return labels{key: key, seed: c.Seed}, err
}

// newLabelled is what directions that draw labels are made of.
func newLabelled(c Context) (base, labels, error) {
	l, err := newLabels(c)
	if err != nil {
		return base{}, labels{}, err
	}
	b, err := newBase(c.Objective)
	if err != nil {
		l.close()
	}
	return b, l, err
}

// draw begins a step.
func (l *labels) draw() error { return l.key.Set(l.seed, int(l.step)) }

// loss is what examples contribute to the batch's mean loss at the labels of the step, [n].
func (l *labels) loss(b *objective.Batch) *graph.Node {
	return graph.Mul(b.SampledLosses(b.Here(), l.key), graph.BroadcastScalar(b.Mean, b.N))
}

func (l *labels) state(s objective.State) { s.Numbers("labels", &l.step) }

func (l *labels) close() { l.key.Close() }
