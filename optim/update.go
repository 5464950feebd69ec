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
	dtype   kernels.DType
}

// NewUpdate compiles the update of parameters [P] in place by a gradient [P], both buffers of the device.
func NewUpdate(dev kernels.Device, t Transform, parameters, gradient kernels.Buffer) (*Update, error) {
	u := &Update{state: map[string]kernels.Buffer{}, dtype: parameters.DType()}
	p := parameters.Len()
	g := graph.New()
	theta, grad := graph.Input(g, u.dtype, "theta", p), graph.Input(g, u.dtype, "gradient", p)
	rate := graph.Input(g, u.dtype, "rate", 1)
	symbols := &Symbols{Parameters: theta, state: map[string]*graph.Node{}}
	err := graph.Try(func() {
		step := t.Apply(symbols, grad)
		symbols.Set(theta, graph.Sub(theta, graph.Mul(graph.BroadcastScalar(rate, p), step)))
	})
	bind := map[*graph.Node]kernels.Buffer{theta: parameters, grad: gradient}
	for _, name := range slices.Sorted(maps.Keys(symbols.state)) {
		var state kernels.Buffer
		if err == nil {
			state, err = dev.NewBuffer(u.dtype, graph.Size(symbols.state[name]))
		}
		if err == nil {
			u.state[name], bind[symbols.state[name]] = state, state
		}
	}
	if err == nil {
		u.program, err = graph.Compile(dev, nil, symbols.updates, bind)
	}
	if err != nil {
		u.Close()
		return nil, fmt.Errorf("preparing the update: %w", err)
	}
	u.rate = newScalar(u.program.Buffer(rate))
	return u, nil
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
