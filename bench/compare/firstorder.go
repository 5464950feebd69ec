package compare

import (
	"drift/kernels"
	"drift/optim"
	"drift/optim/objective"
)

// firstOrder is the part of order η of what an order of batches adds to the displacement, −η Σ_t w_t (g_t − ḡ) with gradients
// at the start and w_t the mean weight of place t and its mirror image. Over shuffles its mean is zero, and with momentum
// its noise would drown the drift; without momentum all weights are one and it vanishes.
type firstOrder struct {
	weight   []float64 // by place; nil without momentum
	rate     float64
	f        *objective.Objective
	gradient kernels.Buffer
}

func newFirstOrder(f *objective.Objective, s optim.Settings) (*firstOrder, error) {
	o := &firstOrder{rate: s.Rate, f: f}
	if s.Momentum == 0 {
		return o, nil
	}
	m := s.BatchesPerEpoch(f.Examples(objective.Train))
	a := optim.Emulation{Mu: s.Momentum, Nesterov: s.Nesterov}.Weights(m)
	for t := range m {
		o.weight = append(o.weight, (a[m-t]+a[t+1])/2)
	}
	var err error
	o.gradient, err = f.NewVector()
	return o, err
}

func (o *firstOrder) displacement(t *optim.Trainer, batches [][]int, start []float64) ([]float64, error) {
	sum, g := make([]float64, len(start)), make([]float64, len(start))
	if o.weight == nil {
		return sum, nil
	}
	if err := t.Reset(start); err != nil {
		return nil, err
	}
	add := func(examples []int, weight float64) error {
		err := o.f.Gradient(examples, o.gradient)
		if err == nil {
			err = o.gradient.Read(g)
		}
		for i, x := range g {
			sum[i] -= o.rate * weight * x
		}
		return err
	}
	var total float64
	for k, b := range batches {
		if err := add(b, o.weight[k]); err != nil {
			return nil, err
		}
		total += o.weight[k]
	}
	return sum, add(o.f.All(objective.Train), -total)
}

func (o *firstOrder) close() {
	if o.gradient != nil {
		o.gradient.Free()
	}
}
