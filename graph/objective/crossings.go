package objective

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
)

// Crossings is how many units with a kink change side in a step.
type Crossings struct {
	Units    int // of an example; 0 where the network is smooth
	Examples int
	Crossed  int // pairs of an example and a unit that change side
	Touched  int // examples of which some unit does
}

// Share is that of the pairs of examples and units, and OfExamples that of the examples.
func (c Crossings) Share() float64 { return float64(c.Crossed) / float64(c.Units*c.Examples) }

// OfExamples is the share of the examples of which some unit changes side.
func (c Crossings) OfExamples() float64 { return float64(c.Touched) / float64(c.Examples) }

// Crossings compares the network at θ and at θ + step, over examples: which units of rectifiers and max pooling are on another side of
// their kink there (graph.Crossings). step is a flat vector [P].
func (f *Objective) Crossings(examples []int, step kernels.Buffer) (Crossings, error) {
	p, err := f.CompileCrossings(len(examples), step)
	if err != nil {
		return Crossings{}, err
	}
	defer p.Close()
	return p.Run(examples)
}

// CrossingsPass finds Crossings over and over, of the step that its vector holds at each run.
type CrossingsPass struct {
	chunk, units int
	pass         *Pass
	rows         Rows
}

// CompileCrossings prepares a pass over up to n examples, or more in chunks.
func (f *Objective) CompileCrossings(n int, step kernels.Buffer) (*CrossingsPass, error) {
	c := &CrossingsPass{chunk: f.chunk}
	var err error
	c.pass, err = f.Undivided().Compile(min(max(1, n), f.chunk), func(b *Batch) {
		moved := make([]*graph.Node, len(b.Params))
		for k, v := range b.Vector(step) {
			moved[k] = graph.Add(b.Params[k], v)
		}
		here, there := b.Here(), b.At(moved)
		var crossed *graph.Node
		crossed, c.units = graph.Crossings(here.Output, there.Output, here.Params, there.Params)
		if crossed == nil {
			crossed = graph.Fill(here.Loss, 0)
		}
		b.Rows(&c.rows, crossed)
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("comparing sides of kinks: %w", err)
	}
	return c, nil
}

// Run compares the sides of examples.
func (c *CrossingsPass) Run(examples []int) (Crossings, error) {
	found := Crossings{Units: c.units, Examples: len(examples)}
	for from := 0; from < len(examples) && c.units > 0; from += c.chunk {
		if err := c.pass.Run(examples[from:min(len(examples), from+c.chunk)]); err != nil {
			return Crossings{}, fmt.Errorf("comparing sides of kinks: %w", err)
		}
		for _, n := range c.rows.Values {
			if found.Crossed += int(n); n > 0 {
				found.Touched++
			}
		}
	}
	return found, nil
}

// Close gives the pass's memory back.
func (c *CrossingsPass) Close() {
	if c != nil {
		c.pass.Close()
	}
}

// CompileHeldGradient prepares a pass that writes the gradient of the mean loss over examples at θ, with every unit that has a kink on the
// side on which it is at other parameters: those in the flat vector sides [P], which is read at each run. Without kinks, and where none is
// crossed on the way from there, it is ḡ.
func (f *Objective) CompileHeldGradient(n int, sides, into kernels.Buffer) (*Pass, error) {
	return f.Compile(n, func(b *Batch) {
		here, there := b.Here(), b.At(b.Vector(sides))
		held := &Point{Params: here.Params, Target: here.Target, Output: graph.HoldSides(here.Output, there.Output, here.Params, there.Params)}
		held.Loss = f.Model.Losses(held.Output, held.Target)
		b.Sum(into, b.Gradient(held))
	}, nil)
}
