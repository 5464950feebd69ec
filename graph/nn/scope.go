package nn

import (
	"fmt"
	"slices"
	"strings"

	"drift/graph/objective"
)

const (
	maxLayers = 1000 // in all lists together; building a graph costs quadratic time
	maxDepth  = 8    // of lists within each other
)

// Scope is where a layer declares its parameters: a place in the model with a prefix of names.
type Scope struct {
	model  *Model
	prefix string // "3.shortcut.0."
	depth  int
	raw    bool // the model's input itself comes in
}

// Param declares a parameter of the layer. In files and messages its name follows the layer's place: "3.weight".
func (s *Scope) Param(name string, init Init, shape ...int) error {
	return s.declare(objective.Param{Name: name, Shape: slices.Clone(shape), Init: init})
}

// Buffer declares a statistic that belongs to the layer and is saved with its parameters, but that nothing differentiates
// by and no optimizer moves.
func (s *Scope) Buffer(name string, init Init, shape ...int) error {
	n, err := volume(shape)
	if err != nil {
		return fmt.Errorf("%s %s: %w", name, dims(shape), err)
	}
	m, at := s.model, 0
	if err := s.name(name, -1-len(m.buffers)); err != nil {
		return err
	}
	if k := len(m.buffers); k > 0 {
		at = m.buffers[k-1].Offset + m.buffers[k-1].Len
	}
	m.buffers = append(m.buffers, objective.Param{Name: s.prefix + name, Shape: slices.Clone(shape), Offset: at, Len: n, Init: init})
	return nil
}

// Share lets the layer use, under a name of its own, a parameter that a layer before it declared, given by its full name, as
// "0.weight". Its gradient is the sum over both uses.
func (s *Scope) Share(name, full string, shape ...int) error {
	i, ok := s.model.index[full]
	if !ok || i < 0 {
		return fmt.Errorf("%s shares %q, which no layer before it has", name, full)
	}
	if have := s.model.params[i].Shape; !slices.Equal(have, shape) {
		return fmt.Errorf("%s has shape %s but %q, which it shares, %s", name, dims(shape), full, dims(have))
	}
	if err := s.name(name, i); err != nil {
		return err
	}
	s.model.params[i].Also = append(s.model.params[i].Also, s.prefix+name)
	return nil
}

// Within is the shape of an example behind layers inside this one, applied in order to an example of shape in. Their
// parameters are named by their places in the list behind name; an empty name puts them directly behind the layer's own place.
func (s *Scope) Within(name string, layers []Layer, in []int) ([]int, error) {
	inner := Scope{s.model, inside(s.prefix, name), s.depth + 1, s.raw}
	if inner.depth > maxDepth+1 {
		return nil, fmt.Errorf("residual blocks lie more than %d deep in each other", maxDepth)
	}
	for i, l := range layers {
		if s.model.layers++; s.model.layers > maxLayers {
			return nil, fmt.Errorf("there are more than %d layers", maxLayers)
		}
		prefix := entry(inner.prefix, i)
		complete := s.model.describe(Line{Place: strings.TrimSuffix(prefix, "."), Layer: kinds.name(l), Depth: s.depth})
		out, err := l.Shape(&Scope{s.model, prefix, inner.depth, inner.raw && i == 0}, in)
		if err == nil {
			_, err = volume(out)
		}
		if err != nil {
			return nil, fmt.Errorf("layer %d (%s): %w", i, kinds.name(l), err)
		}
		complete(out)
		in = out
	}
	return in, nil
}

// CountProducts adds to the multiplications by parameters in a forward pass of one example, by which costs are estimated.
func (s *Scope) CountProducts(n int) { s.model.products += n }

// inside is the prefix of a list of layers, entry that of one of them.
func inside(prefix, name string) string {
	if name == "" {
		return prefix
	}
	return prefix + name + "."
}

func entry(prefix string, i int) string { return fmt.Sprintf("%s%d.", prefix, i) }

// declare adds a parameter to the model, behind those that it has.
func (s *Scope) declare(p objective.Param) error {
	n, err := volume(p.Shape)
	if err != nil {
		return fmt.Errorf("%s %s: %w", p.Name, dims(p.Shape), err)
	}
	m := s.model
	if n > maxElements-m.size {
		return fmt.Errorf("%s %s brings the model to more than %d parameters", p.Name, dims(p.Shape), maxElements)
	}
	if err := s.name(p.Name, len(m.params)); err != nil {
		return err
	}
	p.Name, p.Offset, p.Len = s.prefix+p.Name, m.size, n
	m.size += n
	m.params = append(m.params, p)
	return nil
}

// name lets the layer find the i-th parameter of the model.
func (s *Scope) name(name string, i int) error {
	full := s.prefix + name
	if _, taken := s.model.index[full]; taken || name == "" {
		return fmt.Errorf("it declares a parameter %q twice, or without a name", name)
	}
	s.model.index[full] = i
	return nil
}
