package train

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// average is the exponential moving average of the parameters behind each step (Polyak and Juditsky 1992; PyTorch's AveragedModel with
// get_ema_multi_avg_fn): ā₁ = θ₁, āₜ = āₜ₋₁ + (1−β)(θₜ − āₜ₋₁). It is evaluated where it is, and never takes the place of θ.
type average struct {
	vector     kernels.Buffer    // ā [P]
	weight     *objective.Scalar // of θ: 1 at first, then 1−β
	program    *graph.Program
	evaluation *objective.Evaluation // at ā
	beta       float64
	written    float64 // what weight holds
}

func newAverage(f *objective.Objective, beta float64) (*average, error) {
	a := &average{beta: beta}
	if err := a.prepare(f); err != nil {
		a.close()
		return nil, fmt.Errorf("the average of the parameters: %w", err)
	}
	return a, nil
}

func (a *average) prepare(f *objective.Objective) (err error) {
	if a.vector, err = f.NewVector(); err != nil {
		return err
	}
	if a.weight, err = f.NewScalar(); err != nil {
		return err
	}
	n := f.NumParams()
	a.program, err = f.NewProgram(func(b *objective.Builder) {
		mean, theta := b.Leaf(a.vector, n), b.Leaf(f.Parameters(), n)
		b.Set(mean, graph.Add(mean, graph.Mul(graph.Sub(theta, mean), graph.BroadcastScalar(b.Scalar(a.weight), n))))
	})
	if err != nil {
		return err
	}
	at := func(b *objective.Batch) *objective.Point { return b.At(b.Vector(a.vector)) }
	a.evaluation, err = f.NewEvaluation(max(1, f.Examples(objective.Test)), at)
	if err != nil {
		return err
	}
	return a.add(0) // so that a run without steps has an average too
}

// add takes the parameters in, after a number of steps.
func (a *average) add(steps int) error {
	weight := 1 - a.beta
	if steps <= 1 {
		weight = 1
	}
	if weight != a.written {
		if err := a.weight.Set(weight); err != nil {
			return err
		}
		a.written = weight
	}
	return a.program.Run()
}

func (a *average) close() {
	if a == nil {
		return
	}
	a.evaluation.Close()
	if a.program != nil {
		a.program.Close()
	}
	a.weight.Close()
	objective.Free(a.vector)
}
