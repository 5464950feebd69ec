package objective

import (
	"fmt"

	"drift/data/random"
	"drift/graph"
	"drift/kernels"
)

// Training is the same objective with the random parts of the model on, as dropout: what optimizers see. It shares θ, data and memory
// with f, which evaluates without them, and is closed with it. SetStep says which draws it sees.
func (f *Objective) Training() *Objective {
	if !f.random || f.training {
		return f
	}
	return &Objective{Model: f.Model, onDevice: f.onDevice, training: true, undivided: f.undivided}
}

// SetStep fixes the random parts of the model, until the next call, to those of a step of a run with a seed: every pass of the step
// sees the same network. What is drawn for an example is a function of seed, step and the example's index in the data, whatever batch
// or chunk it lies in.
func (f *Objective) SetStep(seed uint64, step int) error {
	if f.masks == nil {
		return nil
	}
	if err := f.masks.set(seed, step); err != nil {
		return fmt.Errorf("objective: the random parts of step %d: %w", step, err)
	}
	return nil
}

// masks is the key of the random numbers of a step, on the device.
type masks struct {
	key    kernels.Buffer // [2]
	seed   uint64
	stream *random.Stream
	words  []int32
	boxed  any // words, as Write takes it without an allocation
}

func newMasks(dev kernels.Device) (*masks, error) {
	key, err := dev.NewBuffer(kernels.Int32, 2)
	if err != nil {
		return nil, fmt.Errorf("objective: memory for random numbers: %w", err)
	}
	m := &masks{key: key, stream: random.New(0, purpose), words: make([]int32, 2)}
	m.boxed = m.words
	return m, m.set(0, 0)
}

const purpose = "masks"

func (m *masks) set(seed uint64, step int) error {
	if seed != m.seed {
		m.seed, m.stream = seed, random.New(seed, purpose)
	}
	key := m.stream.At(uint64(step)).Uint64()
	m.words[0], m.words[1] = int32(key), int32(key>>32)
	return m.key.Write(m.boxed)
}

func (m *masks) close() {
	if m != nil {
		m.key.Free()
	}
}

// Uniform is a Net.Uniform for the examples with the given indices [n], under a key [2] that belongs to the step: each call draws from a
// stream of its own.
func Uniform(dt kernels.DType, key, examples *graph.Node) func(shape ...int) *graph.Node {
	stream := uint32(0)
	return func(shape ...int) *graph.Node {
		stream++
		return graph.Uniform(dt, key, examples, stream-1, shape...)
	}
}
