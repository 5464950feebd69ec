package train

import (
	"errors"
	"fmt"
	"math"
	"time"

	"drift/data"
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/optim"
	"drift/optim/checkpoint"
	"drift/optim/options"
)

// Options of a run, the same for all optimizers.
type Options struct {
	Steps        int     // length of the run; 0: Epochs decides, and where that is 0 too the run only evaluates
	Epochs       float64 // length in passes over the training examples, in the optimizer's own batches
	Seed         uint64  // of batches and of whatever else the optimizer draws
	MeasureEvery int     // steps between measurements of Σ and of the gap's drift; 0: never
	EvalExamples int     // most examples of a part that evaluations are of, at least 2; 0: all; SampleLarge: all but of large parts
	EMA          float64 // β of an exponential moving average of the parameters, evaluated beside them; 0: none
}

// maxSteps is the longest run; float64 counts them all.
const maxSteps = 1 << 53

// Length is the steps of a run over n examples.
func (o Options) Length(of optim.Optimizer, examples int) (int, error) {
	steps := float64(o.Steps)
	if o.Steps == 0 && o.Epochs > 0 {
		steps = math.Max(1, math.Round(o.Epochs*float64(optim.BatchesPerEpoch(of, examples))))
	}
	if !(steps >= 0 && steps <= maxSteps) {
		return 0, fmt.Errorf("a run of %.3g steps, where the longest has %d: give fewer", steps, maxSteps)
	}
	return int(steps), nil
}

// Trainer takes the steps of one run, from the parameters that the objective holds when it is made. Its steps are a function of
// the optimizer, the options and those parameters.
type Trainer struct {
	Objective *objective.Objective
	Optimizer optim.Optimizer
	Options   Options // Steps is the length of the run, whatever gave it

	sampler   *data.Sampler
	direction optim.Direction
	update    *optim.Update
	meter     *meter
	probe     *probe   // nil for a run that measures nothing
	average   *average // nil for a run without one
	best      *best    // nil without a validation part
	examined  *examined
	norm      *graph.Program // ‖direction‖²
	square    kernels.Buffer
	elapsed   time.Duration // in steps, of this process and those before it
	cost      float64
	moves     int     // outside the count of steps
	sum       string  // checksum of the examples, "" before it is needed
	end       *Result // what the evaluation after the last step found
}

// New prepares a run of an optimizer, which may be one of the caller's own. Close gives its memory back.
func New(f *objective.Objective, o optim.Optimizer, options Options) (*Trainer, error) {
	t := &Trainer{Objective: f, Optimizer: o, Options: options}
	if err := t.prepare(); err != nil {
		t.Close()
		return nil, fmt.Errorf("preparing %s: %w", optim.NameOf(o), err)
	}
	return t, nil
}

func (t *Trainer) prepare() (err error) {
	f, examples := t.Objective, t.Objective.Examples(objective.Train)
	if t.Options.Steps, err = t.Options.Length(t.Optimizer, examples); err != nil {
		return err
	}
	if err := optim.Check(t.Optimizer, optim.Problem{Examples: examples, Steps: t.Options.Steps}); err != nil {
		return err
	}
	kind, batch := t.Optimizer.Batches(examples)
	if t.sampler, err = data.NewSampler(kind, examples, batch, t.Options.Seed); err != nil {
		return err
	}
	direction, err := t.Optimizer.Direction(optim.Context{Objective: f.Training(), Seed: t.Options.Seed, Batch: batch})
	if err != nil {
		return err
	}
	t.direction = direction
	if t.update, err = optim.NewUpdate(f.Device(), t.Optimizer.Transform(), f.Model.Params(), f.Parameters(), t.direction.Vector()); err != nil {
		return err
	}
	if t.meter, err = newMeter(f); err != nil {
		return err
	}
	if t.examined, err = newExamined(f, t.Options.EvalExamples, t.Options.Seed); err != nil {
		return err
	}
	if err := t.keep(); err != nil {
		return err
	}
	if t.Options.MeasureEvery > 0 {
		if t.probe, err = newProbe(f.Undivided(), t.Optimizer, t.Options, t.direction.Cost(t.sampler.BatchSize())); err != nil {
			return err
		}
	}
	var square *graph.Node
	t.norm, err = graph.NewProgram(f.Device(), f.DType(), func(b *graph.Builder) {
		square = graph.SquaredNorm([]*graph.Node{b.Leaf(t.direction.Vector(), f.NumParams())})
		b.Output(square)
	})
	if err == nil {
		t.square = t.norm.Buffer(square)
	}
	return err
}

// keep makes room for other parameters than the last that a run is kept with.
func (t *Trainer) keep() (err error) {
	beta := t.Options.EMA
	if !(beta >= 0 && beta < 1) {
		return options.Unfit{What: fmt.Sprintf("an average of the parameters with β = %v: it must lie in [0,1)", beta), Change: []string{"ema"}}
	}
	if beta > 0 {
		if t.average, err = newAverage(t.Objective, beta); err != nil {
			return err
		}
	}
	if t.Objective.Examples(objective.Valid) > 0 {
		t.best, err = newBest(t.Objective, t.examined)
	}
	return err
}

// Average is the moving average of the parameters [P]; nil for a run without one.
func (t *Trainer) Average() kernels.Buffer {
	if t.average == nil {
		return nil
	}
	return t.average.vector
}

// Best is the parameters [P] of the least validation loss; nil where there is none yet.
func (t *Trainer) Best() kernels.Buffer {
	if t.best.result() == nil {
		return nil
	}
	return t.best.vector
}

// StepsTaken is the number of steps behind the run.
func (t *Trainer) StepsTaken() int { return t.sampler.Step() }

// Epochs is how often the steps taken went through the examples.
func (t *Trainer) Epochs() float64 {
	return float64(t.sampler.Step()) / float64(t.sampler.BatchesPerEpoch())
}

// RateAt is the learning rate of a step, counted from 0.
func (t *Trainer) RateAt(step int) float64 { return t.Optimizer.RateAt(step, t.Options.Steps) }

// Seconds is the time that the steps took.
func (t *Trainer) Seconds() float64 { return t.elapsed.Seconds() }

// ExampleGradients is what the steps have cost, in gradients of one example.
func (t *Trainer) ExampleGradients() float64 { return t.cost }

// StepCost is what a step costs in the mean over an epoch, in gradients of one example.
func (t *Trainer) StepCost() float64 {
	examples, batches := t.Objective.Examples(objective.Train), t.sampler.BatchesPerEpoch()
	kind, batch := t.Optimizer.Batches(examples)
	last := examples - (batches-1)*batch
	if kind == data.Replacement {
		last = batch
	}
	return (float64(batches-1)*t.direction.Cost(batch) + t.direction.Cost(last)) / float64(batches)
}

// Step takes the next step.
func (t *Trainer) Step() error {
	start := time.Now()
	step := t.sampler.Step()
	rate := t.RateAt(step)
	if t.probe != nil && t.probe.budget.due(step+1) {
		if err := t.probe.motion.begin(); err != nil {
			return fmt.Errorf("step %d: %w", step+1, err)
		}
	}
	batch := t.sampler.Next()
	t.Objective.Expect(t.sampler.Peek())
	measured, err := t.move(step, batch, rate)
	if err == nil {
		err = t.meter.add(measured)
	}
	if err == nil && t.average != nil {
		err = t.average.add(step + 1)
	}
	if err != nil {
		t.sampler.Seek(step)
		return fmt.Errorf("step %d: %w", step+1, err)
	}
	if t.probe != nil {
		t.probe.passed(rate)
	}
	t.elapsed += time.Since(start)
	return nil
}

// Move takes a step on a batch and at a learning rate of the caller's choice, outside the count of steps. Random parts of the model
// follow from the number of moves since the last Reset.
func (t *Trainer) Move(batch []int, rate float64) error {
	_, err := t.move(t.moves, batch, rate)
	t.moves++
	return err
}

func (t *Trainer) move(step int, batch []int, rate float64) (objective.Measured, error) {
	if err := t.Objective.SetStep(t.Options.Seed, step); err != nil {
		return objective.Measured{}, err
	}
	t.Objective.SetEpoch(t.Options.Seed, step/t.sampler.BatchesPerEpoch())
	measured, err := t.direction.Compute(batch, rate)
	if err != nil {
		return measured, err
	}
	t.cost += t.direction.Cost(len(batch))
	return measured, t.update.Step(rate)
}

// Reset goes back to given parameters [P], with no memory of earlier moves.
func (t *Trainer) Reset(theta []float64) error {
	if err := t.Objective.Parameters().Write(theta); err != nil {
		return err
	}
	t.moves = 0
	return t.update.Reset()
}

// synchronize waits for the device, so that the time of its pending work counts as the run's.
func (t *Trainer) synchronize() error {
	start := time.Now()
	err := t.Objective.Device().Synchronize()
	t.elapsed += time.Since(start)
	return err
}

// directionNorm2 is ‖d‖² of the last step's direction, before clipping, weight decay and momentum.
func (t *Trainer) directionNorm2() (float64, error) {
	if err := t.norm.Run(); err != nil {
		return 0, err
	}
	var square [1]float64
	err := t.square.Read(square[:])
	return square[0], err
}

// counters is what a checkpoint holds besides vectors.
type counters struct {
	Step             int     `json:"step"`
	Seconds          float64 `json:"seconds"`
	ExampleGradients float64 `json:"example_gradients"`
	Data             string  `json:"data"` // checksum of the examples
}

// Snapshot is the state from which another trainer of the same run goes on.
func (t *Trainer) Snapshot() (counts any, vectors checkpoint.Vectors, err error) {
	vectors = checkpoint.Vectors{}
	err = vectors.Save(t.state)
	return counters{t.StepsTaken(), t.Seconds(), t.cost, t.dataSum()}, vectors, err
}

// state describes what lasts from step to step besides the counters.
func (t *Trainer) state(s objective.State) {
	s.Vector("theta", t.Objective.Parameters())
	t.update.State(s)
	t.direction.State(s)
	t.meter.state(s)
	if t.average != nil {
		s.Vector("ema", t.average.vector)
	}
	if t.best != nil {
		t.best.state(s)
	}
	if t.probe != nil {
		t.probe.state(s)
	}
}

// dataSum is the checksum of the examples.
func (t *Trainer) dataSum() string {
	if t.sum == "" {
		t.sum = data.Checksum(t.Objective.Data(objective.Train), t.Objective.Data(objective.Test))
	}
	return t.sum
}

func (t *Trainer) restore(c counters, vectors checkpoint.Vectors) error {
	if c.Data != t.dataSum() {
		return errors.New("the data are not those of its checkpoint: bring those back, or start anew")
	}
	t.sampler.Seek(c.Step)
	t.elapsed, t.cost = time.Duration(c.Seconds*float64(time.Second)), c.ExampleGradients
	return vectors.Restore(t.state)
}

// Close gives the memory back.
func (t *Trainer) Close() {
	if t.direction != nil {
		t.direction.Close()
	}
	if t.update != nil {
		t.update.Close()
	}
	if t.meter != nil {
		t.meter.close()
	}
	t.average.close()
	t.best.close()
	if t.probe != nil {
		t.probe.close()
	}
	if t.norm != nil {
		t.norm.Close()
	}
}
