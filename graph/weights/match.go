package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nlpodyssey/safetensors"

	"drift/graph/objective"
)

// match checks names, shapes and types against the model.
func (l layout) match(tensors map[string]*safetensors.TensorInfo) error {
	foreign := maps.Clone(tensors)
	for _, p := range l {
		delete(foreign, p.Name)
		for _, name := range p.Also {
			delete(foreign, name)
		}
		if norm, ok := strings.CutSuffix(p.Name, "running_var"); ok {
			delete(foreign, norm+"num_batches_tracked") // which PyTorch keeps beside it for training
		}
	}
	for _, p := range l {
		if tensors[p.Name] == nil && len(foreign) > 0 {
			return fmt.Errorf("tensor %q is missing, and %.60q is not one of the model's", p.Name, slices.Min(slices.Collect(maps.Keys(foreign))))
		}
		if tensors[p.Name] == nil {
			return fmt.Errorf("tensor %q is missing: the model has %d tensors, the file %d", p.Name, len(l), len(tensors))
		}
		for _, name := range append([]string{p.Name}, p.Also...) {
			if err := fitsParam(p, name, tensors[name]); err != nil {
				return err
			}
		}
	}
	if len(foreign) > 0 {
		return fmt.Errorf("tensor %.60q is not one of the model's %d: the file belongs to another model",
			slices.Min(slices.Collect(maps.Keys(foreign))), len(l))
	}
	return nil
}

// fitsParam checks shape and type of a tensor under one of a parameter's names; nil, where the file does not have it, fits.
func fitsParam(p objective.Param, name string, t *safetensors.TensorInfo) error {
	if t == nil {
		return nil
	}
	if !slices.EqualFunc(t.Shape, p.FileShape(), func(a uint64, b int) bool { return a == uint64(b) }) {
		return fmt.Errorf("tensor %q has shape %.40s but the model needs %s", name, fmt.Sprint(t.Shape), strings.ReplaceAll(fmt.Sprint(p.FileShape()), " ", ","))
	}
	if widen[t.DType] == nil {
		return fmt.Errorf("tensor %q holds %s: only F64, F32, F16 and BF16 are read", name, t.DType)
	}
	if n := t.DataOffsets[1] - t.DataOffsets[0]; t.DataOffsets[1] < t.DataOffsets[0] || n != uint64(p.Len)*t.DType.Size() {
		return fmt.Errorf("tensor %q of %d elements has %d bytes: the file is damaged", name, p.Len, n)
	}
	return nil
}

// checkExtents checks that the tensors tile the data, of so many bytes.
func checkExtents(tensors map[string]*safetensors.TensorInfo, size uint64) error {
	extents := make([][2]uint64, 0, len(tensors))
	for _, t := range tensors {
		extents = append(extents, t.DataOffsets)
	}
	slices.SortFunc(extents, func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
	at := uint64(0)
	for _, e := range extents {
		if e[0] != at {
			return fmt.Errorf("its tensors overlap or leave gaps at byte %d: the file is damaged", at)
		}
		at = e[1]
	}
	if at != size {
		return fmt.Errorf("it holds %d bytes of tensors where its header says %d: it is cut short or damaged", size, at)
	}
	return nil
}
