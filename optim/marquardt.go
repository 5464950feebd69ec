package optim

import (
	"math"

	"drift/graph/objective"
	"drift/kernels"
)

// marquardt adapts damping as Levenberg and Marquardt do. What the step before gained is compared with what it should have
// gained, (η − η²/2)⟨ḡ, x⟩ for a quadratic with Hessian Σ+δI; δ is multiplied by 2/3 where more than three quarters of it came true, by
// 3/2 where less than a quarter did. The gain is measured on the batch after, of which that step knew nothing: on its own batch
// even steps that fit nothing else look good. Noise of small batches can fail every promise, so δ stays within a factor of
// reach of where it started.
type marquardt struct {
	past      kernels.Buffer  // θ before the last step
	pass      *objective.Pass // the loss there; afterwards the past is the present θ
	total     float64         // δ in units of where it started
	predicted float64         // the last step's decrease; 0 before there is one
	before    float64         // the loss of the batch at hand before that step
}

const reach = 1000

func newMarquardt(f *objective.Objective, batch int) (*marquardt, error) {
	m := &marquardt{total: 1}
	var err error
	if m.past, err = f.NewVector(); err != nil {
		return nil, err
	}
	m.pass, err = f.Compile(batch, func(b *objective.Batch) { b.Measure(b.At(b.Vector(m.past))) },
		func(e *objective.End) { e.Set(e.Flat(m.past), e.Flat(f.Parameters())) })
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// lossBefore finds the loss of a batch before the last step, and remembers θ for the next time.
func (m *marquardt) lossBefore(batch []int) error {
	if err := m.pass.Run(batch); err != nil || m.predicted == 0 {
		return err
	}
	value, err := m.pass.Measured().Value()
	m.before = value.Loss
	return err
}

// judge changes δ by how the last step went, now that the batch's loss after it is known, and predicts the next one.
func (m *marquardt) judge(after, rate, descent float64) {
	if m.predicted != 0 {
		switch ratio := (m.before - after) / m.predicted; {
		case !(ratio >= 0.25): // NaN too
			m.total = math.Min(m.total*1.5, reach)
		case ratio > 0.75:
			m.total = math.Max(m.total/1.5, 1./reach)
		}
	}
	m.predicted = rate * math.Max(0.5, 1-rate/2) * descent // beyond the quadratic's minimum, what a step of η = 1 gains
}

func (m *marquardt) state(s objective.State) {
	s.Numbers("damping", &m.total, &m.predicted)
	s.Vector("damping past", m.past)
}

func (m *marquardt) close() {
	m.pass.Close()
	objective.Free(m.past)
}
