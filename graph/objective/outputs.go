package objective

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
)

// Outputs passes on the outputs of the model at θ for examples of the data, in pieces of at most a chunk: from is the place of the
// first of a piece among the examples, rows [piece, …] one behind the other. rows is valid until each returns.
func (f *Objective) Outputs(examples []int, each func(from int, rows []float64) error) error {
	if len(examples) == 0 {
		return nil
	}
	var rows Rows
	p, err := f.Undivided().Compile(min(len(examples), f.chunk), func(b *Batch) { b.Rows(&rows, b.Here().Output) }, nil)
	if err != nil {
		return err
	}
	defer p.Close()
	for from := 0; from < len(examples); from += f.chunk {
		if err := p.Run(examples[from:min(len(examples), from+f.chunk)]); err != nil {
			return err
		}
		if err := each(from, rows.Values); err != nil {
			return err
		}
	}
	return nil
}

// OutputShape is the shape of the model's outputs for one example.
func (f *Objective) OutputShape() (shape []int, err error) {
	err = f.Sketch(1, func(b *Batch) { shape = append(shape, b.Here().Output.Shape()[1:]...) })
	return shape, err
}

// Network is the model at θ, for inputs that are not among the data. Its model has one input.
type Network struct {
	objective *Objective
	program   *program
	input     kernels.Buffer
	index     int     // of the model's input
	ids       []int32 // room for an input of indices
	output    *graph.Node
}

// CompileNetwork prepares the model for one example at a time. Close gives its memory back.
func (f *Objective) CompileNetwork() (*Network, error) {
	inputs := f.Model.Inputs()
	if len(inputs) != 1 {
		return nil, fmt.Errorf("preparing the network: it has %d inputs, want one", len(inputs))
	}
	n := &Network{objective: f, index: inputs[0].Index}
	var err error
	if n.input, err = f.device.NewBuffer(inputs[0].DType(f.dtype), inputs[0].Size()); err == nil {
		err = n.compile(inputs[0])
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("preparing the network: %w", err)
	}
	return n, nil
}

func (n *Network) compile(in Input) error {
	f, b := n.objective, n.objective.newBuilder()
	err := graph.Try(func() {
		net := Net{Params: b.Vector(f.theta), Inputs: []*graph.Node{b.Leaf(n.input, append([]int{1}, in.Shape...)...)}}
		for _, p := range buffersOf(f.Model) {
			net.Buffers = append(net.Buffers, b.Leaf(f.buffers.Slice(p.Offset, p.Offset+p.Len), p.Shape...))
		}
		n.output = f.Model.Build(net)
	})
	if err != nil {
		return err
	}
	b.Output(n.output)
	n.program = &program{Builder: b}
	return n.program.prepare()
}

// Run is the outputs for one input.
func (n *Network) Run(x []float64) ([]float64, error) {
	if len(x) != n.input.Len() {
		return nil, fmt.Errorf("objective: an input of %d numbers, the model takes %d", len(x), n.input.Len())
	}
	if err := n.write(x); err != nil {
		return nil, fmt.Errorf("objective: %w", err)
	}
	if err := n.program.run(); err != nil {
		return nil, err
	}
	out := make([]float64, graph.Size(n.output))
	return out, n.program.loaded.Buffer(n.output).Read(out)
}

// write brings an input to the device.
func (n *Network) write(x []float64) (err error) {
	if n.index == 0 {
		return n.input.Write(x)
	}
	if n.ids, err = appendIDs(n.ids[:0], x, n.index); err != nil {
		return fmt.Errorf("an input %w", err)
	}
	return n.input.Write(n.ids)
}

// Close gives the memory back.
func (n *Network) Close() {
	if n.program != nil {
		n.program.close()
	}
	Free(n.input)
}
