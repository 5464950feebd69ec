package study_test

import (
	"context"
	"fmt"
	"log"

	"drift/bench/study"
	"drift/graph"
	"drift/optim"
)

// SignSGD is an optimizer of one's own: steps by the signs of the gradient (Bernstein et al. 2018).
type SignSGD struct {
	optim.Rate
	optim.Minibatch
}

func (o SignSGD) Direction(c optim.Context) (optim.Direction, error) { return optim.NewGradient(c) }
func (o SignSGD) Transform() optim.Transform                         { return o }
func (o SignSGD) Apply(_ *optim.Symbols, d *graph.Node) *graph.Node  { return graph.Sign(d) }

// A study in Go, with an optimizer of one's own beside SGD, each tuned by four trials. With Dir in its Options it keeps its runs there,
// and WriteFiles would write tables, curves and figures.
func Example() {
	sign := SignSGD{optim.Rate{LearningRate: 0.01, Schedule: "constant"}, optim.Minibatch{Batch: 20, Sampling: "shuffle"}}
	outcome, err := study.Study{
		Tasks:      []study.Task{{Name: "glyphs", Data: "glyphs,train=200,test=200", Model: "mlp:32", Budget: study.Budget{Passes: 10}}},
		Optimizers: []study.Optimizer{{Name: "sgd", Optimizer: optim.DefaultSGD}, {Name: "sign", Optimizer: sign}},
		Seeds:      []uint64{1, 2, 3},
		Tuning:     study.Tuning{Trials: 4},
	}.Run(context.Background(), study.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range outcome.Tasks[0].Rows {
		fmt.Println(row.Optimizer, row.TestAccuracy.Mean > 0.3, len(row.Search.Trials))
	}
	// Output:
	// sgd true 4
	// sign true 4
}
