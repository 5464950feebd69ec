package optim

import (
	"fmt"
	"maps"
	"slices"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/optim/checkpoint"
)

// Update is the program θ ← θ − η·T(g) of a transformation T, on the device that holds θ and g. Everything happens in one
// pass over the vectors where T needs no norm.
type Update struct {
	program *graph.Program
	rate    scalar
	state   map[string]kernels.Buffer
}

// NewUpdate compiles the update of parameters [P] in place by a gradient [P], both buffers of the device. params says which
// tensors they consist of; nil is one tensor [P].
func NewUpdate(dev kernels.Device, t Transform, params []objective.Param, parameters, gradient kernels.Buffer) (*Update, error) {
	u := &Update{state: map[string]kernels.Buffer{}}
	p := parameters.Len()
	if params == nil {
		params = []objective.Param{{Shape: []int{p}, Len: p}}
	}
	b := graph.NewBuilder(parameters.DType())
	symbols := &Symbols{Params: params, build: b, state: map[string]*graph.Node{}}
	err := graph.Try(func() {
		theta := b.Leaf(parameters, p)
		symbols.Parameters, symbols.Rate = theta, b.Input("learning rate", 1)
		step := t.Apply(symbols, b.Leaf(gradient, p))
		b.Set(theta, graph.Sub(theta, graph.Mul(graph.BroadcastScalar(symbols.Rate, p), step)))
	})
	if err == nil {
		err = u.load(dev, b, symbols)
	}
	if err != nil {
		u.Close()
		return nil, fmt.Errorf("preparing the update: %w", err)
	}
	return u, nil
}

// load reserves the states and puts the program on the device.
func (u *Update) load(dev kernels.Device, b *graph.Builder, symbols *Symbols) (err error) {
	for _, name := range slices.Sorted(maps.Keys(symbols.state)) {
		leaf := symbols.state[name]
		if u.state[name], err = dev.NewBuffer(graph.DTypeOf(leaf), graph.Size(leaf)); err != nil {
			delete(u.state, name)
			return err
		}
		b.Bind(leaf, u.state[name])
	}
	if u.program, err = b.Compile(dev); err == nil {
		u.rate = newScalar(u.program.Buffer(symbols.Rate))
	}
	return err
}

// Step moves the parameters by the learning rate η.
func (u *Update) Step(rate float64) error {
	if err := u.rate.write(rate); err != nil {
		return err
	}
	return u.program.Run()
}

// State describes what the transformation remembers.
func (u *Update) State(s objective.State) {
	for _, name := range slices.Sorted(maps.Keys(u.state)) {
		s.Vector(name, u.state[name])
	}
}

// Reset forgets what earlier steps left behind.
func (u *Update) Reset() error { return checkpoint.Reset(u.State) }

// Close gives the memory back.
func (u *Update) Close() {
	if u.program != nil {
		u.program.Close()
	}
	for _, buffer := range u.state {
		buffer.Free()
	}
}

// scalar is a buffer of one element, with the slice through which it is written without an allocation.
type scalar struct {
	buffer kernels.Buffer
	value  []float64
	boxed  any
}

func newScalar(b kernels.Buffer) scalar {
	value := make([]float64, 1)
	return scalar{b, value, value}
}

func (s scalar) write(x float64) error {
	s.value[0] = x
	return s.buffer.Write(s.boxed)
}
