package objective

import (
	"fmt"

	"drift/data/random"
	"drift/graph"
	"drift/kernels"
)

// Sampler is a model whose outputs are a distribution of targets, from which it draws: what the Fisher information is made of.
type Sampler interface {
	// SampledLosses is −log p(ŷ_n) of each example [n], up to a constant, for targets ŷ_n drawn from the distribution p that the outputs
	// are. What is drawn is constant to derivatives. Where targets are left out of the loss, those drawn are too. uniform is Net.Uniform.
	SampledLosses(outputs, targets *graph.Node, uniform func(shape ...int) *graph.Node) *graph.Node
	// Samples reports whether the model has such a distribution.
	Samples() bool
}

// CheckSampler reports a model that has no distribution to draw targets from.
func CheckSampler(m Model) error {
	if s, ok := m.(Sampler); !ok || !s.Samples() {
		return fmt.Errorf("the loss of the model is no distribution of targets, from which some are drawn: choose cross_entropy or mse")
	}
	return nil
}

// SampledLosses is the model's, at a point, for targets that the numbers of a key draw: functions of the key and of the example's
// index in the data, whatever batch or chunk it lies in. The model must have passed CheckSampler.
func (b *Batch) SampledLosses(q *Point, key *Key) *graph.Node {
	return b.objective.Model.(Sampler).SampledLosses(q.Output, q.Target, Uniform(b.objective.dtype, b.Leaf(key.buffer, 2), b.index))
}

// Key is the key of the random numbers of a step, on the device.
type Key struct {
	buffer  kernels.Buffer // [2]
	purpose string
	seed    uint64
	stream  *random.Stream
	words   []int32
	boxed   any // words, as Write takes it without an allocation
}

// NewKey is a key of numbers for a purpose, unrelated to those for others.
func (f *Objective) NewKey(purpose string) (*Key, error) { return newKey(f.device, purpose) }

func newKey(dev kernels.Device, purpose string) (*Key, error) {
	buffer, err := dev.NewBuffer(kernels.Int32, 2)
	if err != nil {
		return nil, fmt.Errorf("objective: memory for random numbers: %w", err)
	}
	k := &Key{buffer: buffer, purpose: purpose, stream: random.New(0, purpose), words: make([]int32, 2)}
	k.boxed = k.words
	if err := k.Set(0, 0); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// Set makes the key that of a step of a run with a seed.
func (k *Key) Set(seed uint64, step int) error {
	if seed != k.seed {
		k.seed, k.stream = seed, random.New(seed, k.purpose)
	}
	key := k.stream.At(uint64(step)).Uint64()
	k.words[0], k.words[1] = int32(key), int32(key>>32)
	return k.buffer.Write(k.boxed)
}

// Close gives the memory back. A nil key has none.
func (k *Key) Close() {
	if k != nil {
		k.buffer.Free()
	}
}
