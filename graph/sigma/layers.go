package sigma

import (
	"slices"

	"gonum.org/v1/gonum/floats"

	"drift/graph/objective"
	"drift/graph/weights"
)

// Layer is the share of a measurement that falls to one parameter tensor: the block of Σ on its diagonal, and its part of ḡ.
type Layer struct {
	Name       string   `json:"name"`
	Elements   int      `json:"elements"`
	TraceSigma float64  `json:"tr_sigma"`
	GradNorm2  float64  `json:"grad_norm2"`
	NoiseScale *float64 `json:"noise_scale"` // tr Σ/‖ḡ‖² of the tensor; nil where its ḡ vanishes
}

// ByLayer splits tr Σ and ‖ḡ‖² among parameter tensors, from the diagonal of Σ; without that it is nil.
func (m *Measurement) ByLayer(params []objective.Param) []Layer {
	kept := func(kind string) []float64 {
		i := slices.IndexFunc(m.Vectors, func(v weights.Vector) bool { return v.Kind == kind })
		if i < 0 {
			return nil
		}
		return m.Vectors[i].Values
	}
	mean, diagonal := kept("grad"), kept("sigma_diag")
	if mean == nil || diagonal == nil {
		return nil
	}
	var layers []Layer
	for _, p := range params {
		g := mean[p.Offset : p.Offset+p.Len]
		l := Layer{Name: p.Name, Elements: p.Len, TraceSigma: floats.Sum(diagonal[p.Offset : p.Offset+p.Len]), GradNorm2: floats.Dot(g, g)}
		if l.GradNorm2 > 0 {
			scale := l.TraceSigma / l.GradNorm2
			l.NoiseScale = &scale
		}
		layers = append(layers, l)
	}
	return layers
}
