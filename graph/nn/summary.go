package nn

import "slices"

// Line is what is known of one layer of a model.
type Line struct {
	Place    string // by which the names of its parameters begin, without the dot: "3.shortcut.0"
	Layer    string // its name in JSON
	Depth    int    // how many layers it lies inside
	Output   []int  // shape, of one example
	Params   int    // its own elements of θ and those of the layers inside it; a shared parameter counts where it is declared
	Products int    // its multiplications by weights and of activations with each other in a forward pass of one example
}

// Lines lists the layers in their order, each before those inside it.
func (m *Model) Lines() []Line { return slices.Clone(m.lines) }

// Line adds a line for a part of the layer.
func (s *Scope) Line(l Line) { s.model.lines = append(s.model.lines, l) }

// describe adds a line for a layer, which the function that it returns completes once its shape is known.
func (m *Model) describe(l Line) (complete func(out []int)) {
	at, params, products := len(m.lines), m.size, m.products
	m.lines = append(m.lines, l)
	return func(out []int) {
		m.lines[at].Output, m.lines[at].Params, m.lines[at].Products = slices.Clone(out), m.size-params, m.products-products
	}
}
