package optim

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
)

// combination is the program into ← Σ_k w_k x_k for some vectors on the device, of which into may be one.
type combination struct {
	program *graph.Program
	weights kernels.Buffer
	values  []float64
	boxed   any
}

func newCombination(dev kernels.Device, into kernels.Buffer, terms ...kernels.Buffer) (*combination, error) {
	g, dt, n := graph.New(), into.DType(), into.Len()
	weights := graph.Input(g, dt, "weights", len(terms))
	bind := map[*graph.Node]kernels.Buffer{}
	var target, sum *graph.Node
	for k, b := range terms {
		x := graph.Input(g, dt, fmt.Sprint("term ", k), n)
		bind[x] = b
		if b == into {
			target = x
		}
		x = graph.Mul(graph.BroadcastScalar(graph.SliceAxis(weights, 0, k, k+1), n), x)
		if sum == nil {
			sum = x
		} else {
			sum = graph.Add(sum, x)
		}
	}
	if target == nil {
		target = graph.Input(g, dt, "sum", n)
		bind[target] = into
	}
	program, err := graph.Compile(dev, nil, []graph.Update{{Leaf: target, Value: sum}}, bind)
	if err != nil {
		return nil, fmt.Errorf("preparing a sum of vectors: %w", err)
	}
	values := make([]float64, len(terms))
	return &combination{program, program.Buffer(weights), values, values}, nil
}

func (c *combination) run(weights ...float64) error {
	copy(c.values, weights)
	if err := c.weights.Write(c.boxed); err != nil {
		return err
	}
	return c.program.Run()
}

func (c *combination) close() {
	if c != nil {
		c.program.Close()
	}
}
