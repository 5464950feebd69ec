package optim

import (
	"math"
	"math/rand/v2"

	"drift/data/random"
	"drift/graph"
	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/kernels"
)

// Noise is the direction of gd-noise: the gradient of all examples plus Gaussian noise of the strength of batches of B, independent
// from step to step. Of the kind sigma its covariance is exactly Σ/B: with independent standard normal z_n it is
// Σ_n z_n (g_n − ḡ)/√(B(N−1)), so that the direction is one weighted gradient. Of the kind isotropic it is I·tr Σ/(BP), of the same trace.
type Noise struct {
	base
	batch     float64 // B
	seed      uint64
	step      uint64
	gradients *sigma.Gradients // nil for isotropic noise
	normal    kernels.Buffer   // z [P] of isotropic noise
	pass      *objective.Trace // ḡ, and with the normal numbers there the noise
}

var _ Direction = (*Noise)(nil)

// NewNoise is noise of a kind as strong as that of batches of n examples.
func NewNoise(f *objective.Objective, kind string, batch int, seed uint64) (*Noise, error) {
	b, err := newBase(f)
	if err != nil {
		return nil, err
	}
	d := &Noise{base: b, batch: float64(batch), seed: seed}
	if kind == "sigma" {
		d.gradients, err = sigma.NewGradients(f, f.All(objective.Train))
	} else if d.normal, err = f.NewVector(); err == nil {
		d.pass, err = f.CompileTrace(f.Examples(objective.Train), d.vector, d.perturb)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// perturb adds z times √(tr Σ/(BP)) to ḡ.
func (d *Noise) perturb(e *objective.End, mean, trace *graph.Node) *graph.Node {
	z := e.Flat(d.normal)
	deviation := graph.Sqrt(graph.Scale(trace, 1/(d.batch*float64(d.vector.Len()))))
	return graph.Add(mean, graph.Mul(graph.BroadcastScalar(deviation, z.Shape()...), z))
}

func (d *Noise) Compute(batch []int, _ float64) (measured objective.Measured, err error) {
	r := random.New(d.seed, "noise").At(d.step).Rand // a stream of its own for every step
	if d.gradients != nil {
		measured, err = d.along(batch, r)
	} else {
		measured, err = d.everywhere(batch, r)
	}
	if err == nil {
		d.step++
	}
	return measured, err
}

// along is ḡ with noise of covariance Σ/B.
func (d *Noise) along(batch []int, r *rand.Rand) (objective.Measured, error) {
	n := float64(len(batch))
	c, mean := normals(r, len(batch)), 0.0
	for _, z := range c {
		mean += z / n
	}
	for i, z := range c {
		c[i] = 1/n + (z-mean)/math.Sqrt(d.batch*(n-1))
	}
	if err := d.gradients.Reset(batch); err != nil {
		return objective.Measured{}, err
	}
	return d.gradients.Combine(c, d.vector)
}

// everywhere is ḡ with noise of covariance I·tr Σ/(BP).
func (d *Noise) everywhere(batch []int, r *rand.Rand) (objective.Measured, error) {
	if err := d.normal.Write(normals(r, d.normal.Len())); err != nil {
		return objective.Measured{}, err
	}
	err := d.pass.Run(batch)
	return d.pass.Measured(), err
}

func normals(r *rand.Rand, n int) []float64 {
	z := make([]float64, n)
	for i := range z {
		z[i] = r.NormFloat64()
	}
	return z
}

// Cost counts the norms of the gradients, which cost little beside them, as nothing.
func (d *Noise) Cost(n int) float64 { return float64(n) }

func (d *Noise) Metrics() (map[string]float64, error) {
	if d.gradients != nil {
		return nil, nil
	}
	trace, err := d.pass.Trace()
	return map[string]float64{"tr_sigma": trace}, err
}

func (d *Noise) State(s objective.State) {
	step := float64(d.step)
	s.Numbers("noise", &step)
	d.step = uint64(step)
}

func (d *Noise) Close() {
	if d.gradients != nil {
		d.gradients.Close()
	}
	d.pass.Close()
	objective.Free(d.normal)
	d.base.Close()
}
