package optim

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
	"drift/optim/objective"
	"drift/optim/sigma"
)

// measure adds what is found after a step to the numbers of the log.
func (p *probe) measure(step int, numbers map[string]float64) error {
	chosen := p.draw(objective.Train, uint64(step))
	trace, err := p.f.TraceGradient(chosen, p.mean, p.slope)
	if err != nil {
		return err
	}
	if err := p.testGradient(step); err != nil {
		return err
	}
	if err := p.inner.Run(); err != nil {
		return err
	}
	var products [3]float64
	if err := p.products.Read(products[:]); err != nil {
		return err
	}
	n := float64(len(chosen))
	whole := products[0] - trace/n // ‖G‖² without the share of the sample's noise
	numbers["sampled"], numbers["tr_sigma"], numbers["grad_tr_sigma_norm2"] = n, trace, products[1]
	if whole > 0 {
		numbers["noise_scale"] = trace / whole
	}
	if err := p.spectrum(chosen, numbers); err != nil || len(p.panels[objective.Test]) == 0 {
		return err
	}
	numbers["gap_gradient"] = whole - products[2]
	return p.generalization(trace, numbers)
}

// testGradient finds the mean gradient over a sample of the test part, if there is one.
func (p *probe) testGradient(step int) error {
	chosen := p.draw(objective.Test, uint64(step))
	if len(chosen) == 0 {
		return nil
	}
	return p.f.Pass("test gradient", objective.Test, chosen, []kernels.Buffer{p.test}, func(b *objective.Batch) {
		b.Sum(p.test, graph.Grad([]*graph.Node{b.Loss}, []*graph.Node{graph.BroadcastScalar(b.Mean, b.N)}, b.Params))
	}, nil)
}

// spectrum adds leading eigenvalues.
func (p *probe) spectrum(chosen []int, numbers map[string]float64) error {
	if err := p.gradients.Reset(chosen); err != nil {
		return err
	}
	s, err := p.gradients.Leading(min(probeValues, len(chosen)-1, p.f.Model.NumParams), sigma.Search{})
	if err != nil {
		return err
	}
	for k, value := range s.Values {
		numbers[fmt.Sprintf("sigma_eigenvalue_%d", k+1)] = value
	}
	return nil
}

// generalization compares the drift of the gap since the last measurement with what was predicted, and predicts anew.
func (p *probe) generalization(trace float64, numbers map[string]float64) error {
	var losses [2]float64
	for part, panel := range p.panels {
		value, err := p.f.Evaluate(objective.Part(part), panel)
		if err != nil {
			return err
		}
		losses[part] = value.Loss
	}
	gap := losses[objective.Test] - losses[objective.Train]
	if p.measured && p.stretch > 0 {
		numbers["gap_drift_predicted"] = p.predicted
	}
	if p.measured {
		numbers["gap_drift_measured"] = gap - p.gap
	}
	p.measured, p.gap, p.predicted = true, gap, 0
	p.drift = trace / float64(p.f.Examples(objective.Train))
	return nil
}
