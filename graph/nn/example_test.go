package nn_test

import (
	"fmt"

	"drift/graph/nn"
)

func ExampleParse() {
	model, err := nn.Parse(`{"layers": [{"conv2d": {"out": 3, "kernel": 3}}, "relu", "flatten", {"linear": {"out": 10}}]}`,
		[]int{1, 6, 6}, 10, nn.CrossEntropy{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range model.Params() {
		fmt.Println(p.Name, p.Shape)
	}
	fmt.Println(model.NumParams(), "parameters")
	// Output:
	// 0.weight [3 1 3 3]
	// 0.bias [3]
	// 3.weight [10 48]
	// 3.bias [10]
	// 520 parameters
}
