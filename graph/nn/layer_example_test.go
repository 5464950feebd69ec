package nn_test

import (
	"encoding/json"
	"fmt"

	"drift/graph"
	"drift/graph/nn"
	"drift/graph/objective"
)

// Scaled is s·x + tanh x with a scale s for each element of the last axis.
type Scaled struct {
	Start float64 `json:"start"` // of every s
}

func (l Scaled) Shape(s *nn.Scope, in []int) ([]int, error) {
	return in, s.Param("scale", nn.Constant(l.Start), in[len(in)-1])
}

func (l Scaled) Build(b *nn.Build, x *graph.Node) *graph.Node {
	return graph.Add(graph.ScaleAxis(x, b.Param("scale"), x.Dims()-1), graph.Tanh(x))
}

func init() { nn.Register("scaled", Scaled{Start: 1}) }

// A layer of one's own is a struct with two methods. Registered, it is known to JSON, and so to every command that takes a
// model; its per-example gradients, ∂tr Σ and Hessian products follow from what it builds.
func ExampleRegister() {
	fromGo, err := nn.New(objective.Input{Name: "input", Shape: []int{4}}, nn.CrossEntropy{},
		nn.Linear{Out: 3, Bias: true}, Scaled{Start: 2}, nn.Linear{Out: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range fromGo.Params() {
		fmt.Println(p.Name, p.Shape)
	}
	text, err := json.Marshal(fromGo)
	fmt.Println(string(text), err)

	fromJSON, err := nn.Parse(`{"layers": ["scaled", {"linear": {"out": 2}}]}`, []int{4}, 2, nn.CrossEntropy{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fromJSON.Layers[0], fromJSON.NumParams(), "parameters, the first are", fromJSON.Init(1)[:4])
	// Output:
	// 0.weight [3 4]
	// 0.bias [3]
	// 1.scale [3]
	// 2.weight [2 3]
	// {"input":[4],"loss":"cross_entropy","layers":[{"linear":{"out":3,"bias":true}},{"scaled":{"start":2}},{"linear":{"out":2,"bias":false}}]} <nil>
	// {1} 14 parameters, the first are [1 1 1 1]
}
