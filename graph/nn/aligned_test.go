package nn

import (
	"testing"

	"drift/graph/objective"
)

// Matrices and kernels of presets lie where libraries for a GPU read them best: behind a multiple of 4 other parameters.
func TestPresetsAreAligned(t *testing.T) {
	const most = 4
	for spec, shape := range map[string][]int{
		"linear": {28, 28}, "mlp:1024,1024": {1, 28, 28}, "lenet": {1, 28, 28}, "cnn": {1, 28, 28}, "resnet20": {3, 32, 32},
		"resnet18": {3, 32, 32}, "wrn16-4": {3, 32, 32}, "vgg11": {3, 32, 32}, "vit:4,2,4,64": {3, 32, 32},
	} {
		m, err := Parse(spec, shape, 10, CrossEntropy{})
		if err != nil {
			t.Fatal(err)
		}
		for k, p := range m.Params() {
			if before := objective.NumParams(m.Params()[:k]); len(p.Shape) > 1 && before%most != 0 {
				t.Errorf("%s: %s %v lies behind %d parameters", spec, p.Name, p.Shape, before)
			}
		}
	}
}
