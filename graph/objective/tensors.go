package objective

import (
	"fmt"
	"slices"

	"drift/kernels"
)

// Buffered is a model with statistics that belong to it but that are no parameters: they lie in a vector of their own, are saved
// and loaded beside θ, and nothing moves them.
type Buffered interface {
	Buffers() []Param
}

// buffersOf is the model's buffers, where it has any.
func buffersOf(m Model) []Param {
	if m, ok := m.(Buffered); ok {
		return m.Buffers()
	}
	return nil
}

// Tensors is what a file of a model's weights holds, in one layout: its parameters and, behind them, its buffers.
func Tensors(m Model) []Param {
	all := slices.Clone(m.Params())
	size := NumParams(all)
	for _, b := range buffersOf(m) {
		b.Offset += size
		all = append(all, b)
	}
	return all
}

// Draw is the initial values of a model's Tensors. Buffers do not depend on the seed.
func Draw(m Model, seed uint64) []float64 {
	return append(Initial(m.Params(), seed), Initial(buffersOf(m), 0)...)
}

// Values is what the model's Tensors hold now.
func (f *Objective) Values() ([]float64, error) {
	values := make([]float64, NumParams(Tensors(f.Model)))
	return values, f.values(values, kernels.Buffer.Read)
}

// SetValues gives the model's Tensors other values.
func (f *Objective) SetValues(values []float64) error {
	if want := NumParams(Tensors(f.Model)); len(values) != want {
		return fmt.Errorf("objective: %d values for the %d of the model's parameters and buffers", len(values), want)
	}
	return f.values(values, kernels.Buffer.Write)
}

func (f *Objective) values(values []float64, move func(kernels.Buffer, any) error) error {
	if err := move(f.theta, values[:f.size]); err != nil || f.buffers == nil {
		return err
	}
	return move(f.buffers, values[f.size:])
}
