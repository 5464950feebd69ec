package optim

import (
	"fmt"

	"drift/optim/options"
)

// GDNoise is gradient descent over all examples with Gaussian noise of the strength of batches of EmulateBatch: see Noise.
type GDNoise struct {
	Heavy
	Whole
	EmulateBatch int    `json:"emulate_batch,omitempty" range:"[0,inf)" search:"0.125 2" help:"batch size of the SGD to follow"`
	Noise        string `json:"noise" choose:"isotropic|sigma" help:"covariance of the noise, I·tr Σ/(BP) or Σ/B"`
}

var _ AlongGradient = GDNoise{}

// DefaultGDNoise wants EmulateBatch.
var DefaultGDNoise = GDNoise{Heavy: defaultHeavy, Noise: "isotropic"}

func (o GDNoise) Response() MomentumWeights { return o.MomentumWeights() }

func (o GDNoise) Check(p Problem) error {
	if p.Examples < 2 {
		return fmt.Errorf("the covariance of the gradients takes at least 2 examples, here is %d", p.Examples)
	}
	if o.EmulateBatch == 0 {
		return options.Unfit{What: "it needs the size of the batches whose noise it takes", Change: []string{"emulate_batch"}}
	}
	return Emulation{Examples: p.Examples, Batch: o.EmulateBatch}.Check()
}

func (o GDNoise) Direction(c Context) (Direction, error) {
	return NewNoise(c.Objective, o.Noise, o.EmulateBatch, c.Seed)
}
