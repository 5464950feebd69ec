package checkpoint

import (
	"fmt"
	"maps"
	"slices"

	"drift/graph/objective"
	"drift/kernels"
)

// Save adds the values of a state, without rounding. Two values of one name are an error.
func (v Vectors) Save(state func(objective.State)) error {
	return walk(state, func(name string, p place) error {
		if _, there := v[name]; there {
			return fmt.Errorf("writing the state: %q is there twice", name)
		}
		if p.buffer == nil {
			v[name] = p.load()
			return nil
		}
		values := vector(p.buffer.DType(), p.buffer.Len())
		v[name] = values
		return p.buffer.Read(values)
	})
}

// Restore sets a state to the values of a checkpoint, which must have the same names, each in the same type and length.
func (v Vectors) Restore(state func(objective.State)) error {
	known := map[string]bool{}
	err := walk(state, func(name string, p place) error {
		known[name] = true
		want, n := p.kind()
		if dtype, length := kindOf(v[name]); length != n || dtype != want {
			return fmt.Errorf("restoring the checkpoint: it has no %q of %d %v: it belongs to a run with other settings", name, n, want)
		}
		if p.buffer != nil {
			return p.buffer.Write(v[name])
		}
		p.store(v[name].([]float64))
		return nil
	})
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if err == nil && !known[name] {
			err = fmt.Errorf("restoring the checkpoint: nothing asks for its %q: it belongs to a run with other settings", name)
		}
	}
	return err
}

// Reset sets all of a state to zero.
func Reset(state func(objective.State)) error {
	return walk(state, func(_ string, p place) error {
		if p.buffer != nil {
			return p.buffer.Write(make([]float64, p.buffer.Len()))
		}
		_, n := p.kind()
		p.store(make([]float64, n))
		return nil
	})
}

// place is where values of a state are: in a buffer, in a slice, or in single numbers.
type place struct {
	buffer  kernels.Buffer
	host    []float64
	numbers []*float64
}

func (p place) kind() (kernels.DType, int) {
	if p.buffer != nil {
		return p.buffer.DType(), p.buffer.Len()
	}
	return kernels.Float64, len(p.host) + len(p.numbers)
}

func (p place) load() []float64 {
	x := slices.Clone(p.host)
	for _, number := range p.numbers {
		x = append(x, *number)
	}
	return x
}

func (p place) store(x []float64) {
	copy(p.host, x)
	for i, number := range p.numbers {
		*number = x[i]
	}
}

// visitor does something at every place of a state, until the first error.
type visitor struct {
	prefix string
	visit  func(name string, p place) error
	err    *error
}

var _ objective.State = visitor{}

func walk(state func(objective.State), visit func(name string, p place) error) (err error) {
	state(visitor{"", visit, &err})
	return err
}

func (v visitor) at(name string, p place) {
	if *v.err == nil {
		*v.err = v.visit(v.prefix+name, p)
	}
}

func (v visitor) Vector(name string, b kernels.Buffer) { v.at(name, place{buffer: b}) }
func (v visitor) Host(name string, x []float64)        { v.at(name, place{host: x}) }
func (v visitor) Numbers(name string, x ...*float64)   { v.at(name, place{numbers: x}) }
func (v visitor) In(name string) objective.State {
	return visitor{v.prefix + name + ".", v.visit, v.err}
}

func vector(dtype kernels.DType, n int) any {
	if dtype == kernels.Float64 {
		return make([]float64, n)
	}
	return make([]float32, n)
}

// kindOf is the type and length of a vector, -1 for what is none.
func kindOf(vector any) (kernels.DType, int) {
	switch x := vector.(type) {
	case []float32:
		return kernels.Float32, len(x)
	case []float64:
		return kernels.Float64, len(x)
	}
	return kernels.Float32, -1
}
