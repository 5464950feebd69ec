package sigma

import (
	"drift/graph/objective"
	"drift/kernels"
)

// recorded is a state's values by name: it keeps them, or sets another state to what it kept.
type recorded struct {
	values map[string][]float64
	prefix string
	set    bool
}

var _ objective.State = recorded{}

func (r recorded) Vector(name string, b kernels.Buffer) {
	if r.set {
		if err := b.Write(r.values[r.prefix+name]); err != nil {
			panic(err)
		}
		return
	}
	values := make([]float64, b.Len())
	if err := b.Read(values); err != nil {
		panic(err)
	}
	r.values[r.prefix+name] = values
}

func (r recorded) Host(name string, x []float64) {
	if r.set {
		copy(x, r.values[r.prefix+name])
		return
	}
	r.values[r.prefix+name] = append([]float64{}, x...)
}

func (r recorded) Numbers(name string, x ...*float64) {
	values := make([]float64, len(x))
	for i, number := range x {
		values[i] = *number
	}
	r.Host(name, values)
	for i, number := range x {
		if r.set {
			*number = r.values[r.prefix+name][i]
		}
	}
}

func (r recorded) In(name string) objective.State {
	return recorded{r.values, r.prefix + name + ".", r.set}
}
