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
	f                 *objective.Objective
	past, present     kernels.Buffer // θ before the last step, and room for θ
	remember, hold    *combination   // past ← θ, present ← θ
	goBack, comeAgain *combination   // θ ← past, θ ← present
	total             float64        // δ in units of where it started
	promised          float64        // the last step's gain; 0 before there is one
	before            float64        // the loss of the batch at hand before that step
}

const reach = 1000

func newMarquardt(f *objective.Objective) (*marquardt, error) {
	m := &marquardt{f: f, total: 1}
	var err error
	if m.past, err = f.NewVector(); err == nil {
		m.present, err = f.NewVector()
	}
	for _, c := range []struct {
		to       **combination
		into, of *kernels.Buffer
	}{{&m.remember, &m.past, nil}, {&m.hold, &m.present, nil}, {&m.goBack, nil, &m.past}, {&m.comeAgain, nil, &m.present}} {
		into, of := f.Parameters(), f.Parameters()
		if c.into != nil {
			into = *c.into
		} else {
			of = *c.of
		}
		if err == nil {
			*c.to, err = newCombination(f.Device(), into, of)
		}
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// look finds the loss of a batch before the last step.
func (m *marquardt) look(batch []int) error {
	if m.promised == 0 {
		return nil
	}
	for _, copying := range []*combination{m.hold, m.goBack} {
		if err := copying.run(1); err != nil {
			return err
		}
	}
	value, err := m.f.Evaluate(objective.Train, batch)
	if err != nil {
		return err
	}
	m.before = value.Loss
	return m.comeAgain.run(1)
}

// judge changes δ by how the last step went, now that the batch's loss after it is known, and prepares for the next one.
func (m *marquardt) judge(after, rate, descent float64) error {
	if m.promised != 0 {
		switch ratio := (m.before - after) / m.promised; {
		case !(ratio >= 0.25): // NaN too
			m.total = math.Min(m.total*1.5, reach)
		case ratio > 0.75:
			m.total = math.Max(m.total/1.5, 1./reach)
		}
	}
	m.promised = rate * math.Max(0.5, 1-rate/2) * descent // beyond the quadratic's minimum, what a step of η = 1 gains
	return m.remember.run(1)
}

func (m *marquardt) state(s objective.State) {
	s.Numbers("damping", &m.total, &m.promised)
	s.Vector("damping past", m.past)
}

func (m *marquardt) close() {
	for _, c := range []*combination{m.remember, m.hold, m.goBack, m.comeAgain} {
		c.close()
	}
	m.f.Release(m.past)
	m.f.Release(m.present)
}
