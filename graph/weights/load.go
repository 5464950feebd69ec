// Package weights reads and writes parameters, and other vectors in their layout, under the names that PyTorch gives them: as
// safetensors, and as files of torch.save, whose pickles are interpreted without running anything.
package weights

import (
	"fmt"
	"slices"

	"drift/graph/objective"
	"drift/kernels"
)

// Load reads parameters from a file of safetensors or of torch.save, whose tensors of float64, float32, float16 or bfloat16 must have
// the names, or the names of torchvision, and the shapes of params, all of them and no others, and elements that dt holds. What PyTorch
// counts beside a batch normalization is left out. Memory is taken for params and for parts of the file, never for what it claims.
func Load(path string, params []objective.Param, dt kernels.DType) ([]float64, error) {
	values, _, err := LoadNamed(path, params, dt, nil)
	return values, err
}

// LoadNamed is Load for a file whose tensors have other names. inFile has the names under which the file holds the tensors of the
// model, by those of the model.
func LoadNamed(path string, params []objective.Param, dt kernels.DType, names Names) (values []float64, inFile map[string]string, err error) {
	f, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	values, inFile, err = layout(params).load(f.tensors, dt, names)
	if err != nil {
		return nil, nil, fmt.Errorf("reading weights %s: %w", path, err)
	}
	return values, inFile, nil
}

// layout is the parameters of a model as a file must hold them.
type layout []objective.Param

func (l layout) load(tensors []*tensor, dt kernels.DType, names Names) ([]float64, map[string]string, error) {
	was, err := names.rename(tensors)
	if err != nil {
		return nil, nil, err
	}
	found, err := l.match(tensors)
	if err != nil {
		return nil, nil, err
	}
	theta, inFile := make([]float64, objective.NumParams(l)), make(map[string]string, len(l))
	for _, p := range l {
		values := theta[p.Offset : p.Offset+p.Len]
		first := true
		for _, name := range own(p) {
			t := found[name]
			if t == nil {
				continue
			}
			inFile[name] = was[t.name]
			if first {
				err = l.take(t, values, dt)
			} else {
				err = agree(p, t, values)
			}
			if err != nil {
				return nil, nil, err
			}
			first = false
		}
	}
	return theta, inFile, nil
}

// own is the names of a parameter in the model.
func own(p objective.Param) []string { return append([]string{p.Name}, p.Also...) }

func (l layout) take(t *tensor, values []float64, dt kernels.DType) error {
	if err := t.read(values); err != nil {
		return err
	}
	return finite(t.name, values, dt)
}

// agree checks that what the file holds of a parameter under another name is the same.
func agree(p objective.Param, t *tensor, values []float64) error {
	again := make([]float64, p.Len)
	if err := t.read(again); err != nil {
		return err
	}
	if !slices.Equal(again, values) {
		return fmt.Errorf("tensors %q and %q differ, but in the model they are one parameter", p.Name, t.name)
	}
	return nil
}
