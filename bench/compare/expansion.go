package compare

import (
	"drift/graph/objective"
	"drift/kernels"
	"drift/optim"
)

// expansion is the displacement over an epoch of SGD in powers of η, at the start: for an order of m batches with gradients g_t and
// Hessians h_t, and a_k the weight of a gradient k steps later (optim.Emulation),
//
//	first  = −η Σ_t a_{m−t} (g_t − ḡ)            whose mean over shuffles is 0
//	second = η² Σ_{s<t} a_{m−t} a_{t−s} h_t g_s  whose mean over shuffles is η²K (Hḡ − ∂tr Σ/2N)
//
// for any sizes of disjoint batches, because the covariance of h_t and g_s is then −1/N of the examples' (equation 5 for a fixed
// set). Their deviations from those means are most of the noise of a mean over shuffles where η is small; as control
// variates they take it out, at any η, without a share in the result.
type expansion struct {
	f                *objective.Objective
	sgd              optim.SGD
	weight           []float64 // a_k
	gradient, vector kernels.Buffer
	descent, curve   *objective.Pass // ḡ into gradient, H·vector into gradient
	mean, second     []float64       // ḡ and the mean of second
}

// newExpansion works at the parameters that the objective holds.
func newExpansion(f *objective.Objective, s optim.SGD) (*expansion, error) {
	n := f.Examples(objective.Train)
	m := optim.BatchesPerEpoch(s, n)
	x := &expansion{f: f, sgd: s, weight: s.MomentumWeights().Weights(m)}
	if err := x.prepare(m, n); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

// prepare finds ḡ and the mean of second over n examples in m batches.
func (x *expansion) prepare(m, n int) (err error) {
	f, scale := x.f, x.sgd.LearningRate*x.sgd.LearningRate*x.sgd.MomentumWeights().Pairs(m)
	if x.gradient, err = f.NewVector(); err == nil {
		x.vector, err = f.NewVector()
	}
	if err != nil {
		return err
	}
	_, batch := x.sgd.Batches(n)
	if x.descent, err = f.CompileGradient(batch, x.gradient); err == nil {
		x.curve, err = f.CompileHVP(batch, x.vector, x.gradient)
	}
	if err != nil {
		return err
	}
	all := f.All(objective.Train)
	if _, err = f.TraceGradient(all, x.gradient, x.vector); err != nil {
		return err
	}
	x.mean, x.second = make([]float64, x.gradient.Len()), make([]float64, x.gradient.Len())
	trace := make([]float64, len(x.mean))
	for _, read := range []func() error{
		func() error { return x.gradient.Read(x.mean) },
		func() error { return x.vector.Read(trace) },
		func() error { return f.HVP(all, x.gradient, x.vector) },
		func() error { return x.vector.Read(x.second) },
	} {
		if err == nil {
			err = read()
		}
	}
	for i, hg := range x.second {
		x.second[i] = scale * (hg - trace[i]/float64(2*n))
	}
	return err
}

// controls adds half the deviations of the two terms from their means, for one order of batches.
func (x *expansion) controls(batches [][]int, into [2][]float64) error {
	n, m := len(x.mean), len(batches)
	moved, v := make([]float64, n), make([]float64, n) // Σ_{s<t} a_{t−s} g_s, by the rule of the updates
	g, hg := make([]float64, n), make([]float64, n)
	rate, mu := x.sgd.LearningRate, x.sgd.Momentum
	for t, batch := range batches {
		a := x.weight[m-t]
		err := x.vector.Write(moved)
		if err == nil {
			err = x.curve.Run(batch)
		}
		if err == nil {
			err = x.gradient.Read(hg)
		}
		if err == nil {
			err = x.descent.Run(batch)
		}
		if err == nil {
			err = x.gradient.Read(g)
		}
		if err != nil {
			return err
		}
		for i := range g {
			into[0][i] -= rate * a * (g[i] - x.mean[i]) / 2
			into[1][i] += rate * rate * a * hg[i] / 2
			v[i] = mu*v[i] + g[i]
			if x.sgd.Nesterov {
				moved[i] += g[i] + mu*v[i]
			} else {
				moved[i] += v[i]
			}
		}
	}
	for i, mean := range x.second {
		into[1][i] -= mean / 2
	}
	return nil
}

func (x *expansion) close() {
	x.descent.Close()
	x.curve.Close()
	objective.Free(x.gradient, x.vector)
}
