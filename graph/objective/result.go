package objective

import (
	"fmt"
	"math"

	"drift/kernels"
)

// Number is a sum [1] of a pass that the host wants. Pass.Numbers brings those of the last run.
type Number struct {
	Value float64
}

// Rows is a row of every example of a pass, in the order of the pass, from the last run.
type Rows struct{ Values []float64 }

// resize makes room for n elements.
func (r *Rows) resize(n int) {
	if cap(r.Values) < n {
		r.Values = make([]float64, n)
	}
	r.Values = r.Values[:n]
}

// Numbers brings the numbers of the last run to the host. It waits for the device.
func (p *Pass) Numbers() error {
	if err := p.scalars.Read(p.host); err != nil {
		return fmt.Errorf("objective: numbers of a pass: %w", err)
	}
	for k, n := range p.numbers {
		n.Value = p.host[scalarCount+k]
	}
	for k, n := range p.last {
		n.Value = p.host[scalarCount+len(p.numbers)+k]
	}
	return nil
}

// Measured is the loss and accuracy of the examples that a pass ran over last. They stay on the device until Value is called.
type Measured struct{ pass *Pass }

// Measured is what Batch.Measure made the pass measure.
func (p *Pass) Measured() Measured { return Measured{p} }

// Buffer is mean loss and accuracy on the device, [2].
func (m Measured) Buffer() kernels.Buffer { return m.pass.measured }

// Value brings them to the host. It waits for the device.
func (m Measured) Value() (Value, error) {
	p := m.pass
	if err := p.Numbers(); err != nil {
		return Value{}, err
	}
	v := Value{Loss: p.host[scalarLoss], Accuracy: math.NaN()}
	switch p.objective.accuracy {
	case ofExamples:
		v.Accuracy = p.counted(scalarCorrect) / float64(p.count)
	case ofAnswers:
		v.Accuracy = p.counted(scalarCorrect) / p.counted(scalarAnswers)
	}
	return v, nil
}

// counted is what Batch.count counted.
func (p *Pass) counted(place int) float64 { return p.host[place] + p.host[place+1] }
