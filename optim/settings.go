package optim

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"drift/data"
	"drift/graph/objective"
)

// Settings say how a network is trained. The zero value of a field is its default, Rate and Steps apart, which must be given.
type Settings struct {
	Optimizer   string  `json:"optimizer"` // one of Optimizers
	Rate        float64 `json:"lr"`
	Momentum    float64 `json:"momentum"`
	Nesterov    bool    `json:"nesterov"`
	WeightDecay float64 `json:"weight_decay"`
	Clip        float64 `json:"clip"`     // largest norm of the gradient; 0: any
	Schedule    string  `json:"schedule"` // one of Schedules; empty: constant
	Warmup      int     `json:"warmup"`   // steps
	Batch       int     `json:"batch"`    // examples a step of sgd; 0: all
	Sampling    string  `json:"sampling"` // shuffle or replacement; empty: shuffle
	Steps       int     `json:"steps"`
	// Lambda is gd-reg's coefficient of tr Σ, where it is not 0; else EmulateBatch is the batch size to follow.
	Lambda       float64 `json:"lambda,omitempty"`
	EmulateBatch int     `json:"emulate_batch,omitempty"`
	Every        int     `json:"every,omitempty"`     // steps between measurements of Σ and of the gap's drift; 0: never
	Penalty      string  `json:"penalty,omitempty"`   // of gd-reg, one of Penalties; empty: trace
	Estimator    string  `json:"estimator,omitempty"` // of gd-reg, one of Estimators; empty: exact
	Noise        string  `json:"noise,omitempty"`     // of gd-noise, one of Noises; empty: isotropic
	// Method is sigma-inverse's, one of Methods; empty: gram. Damping is its δ, in units of tr Σ/P where it is relative;
	// 0 stands for 1. Rank and Refresh, in steps, are those of lowrank, 0 for 10, and Window is the gradients that it keeps, 0 for
	// sigma.Window; Average is the running mean's β of all but gram.
	Method          string  `json:"method,omitempty"`
	Damping         float64 `json:"damping,omitempty"`
	DampingRelative bool    `json:"damping_relative,omitempty"`
	DampingAdaptive bool    `json:"damping_adaptive,omitempty"`
	Rank            int     `json:"rank,omitempty"`
	Refresh         int     `json:"refresh,omitempty"`
	Window          int     `json:"window,omitempty"`
	Average         float64 `json:"average,omitempty"`
}

// optimizer is a name of Settings.Optimizer: whether each of its steps takes all examples, what it must know and its direction.
type optimizer struct {
	full  bool
	check func(s Settings, examples int) error
	build func(f *objective.Objective, s Settings, seed uint64) (Direction, error)
}

var optimizers = map[string]optimizer{
	"sgd":    {full: false, build: plain},
	"gd":     {full: true, build: plain},
	"gd-reg": {full: true, check: checkRegularized, build: regularized},

	"sigma-inverse": {full: false, check: checkInverse, build: inverse},
	"gd-noise":      {full: true, check: checkNoise, build: noise},
}

// Optimizers are the names that Settings.Optimizer may have.
var Optimizers = []string{"sgd", "gd", "gd-reg", "sigma-inverse", "gd-noise"}

// Own is the settings without those that only other optimizers look at.
func (s Settings) Own() Settings {
	if s.Optimizer != "gd-reg" {
		s.Lambda, s.Penalty, s.Estimator = 0, "", ""
	}
	if s.Optimizer != "gd-reg" && s.Optimizer != "gd-noise" {
		s.EmulateBatch = 0
	}
	if s.Optimizer != "gd-noise" {
		s.Noise = ""
	}
	if s.Optimizer != "sigma-inverse" {
		s.Method, s.Damping, s.DampingRelative, s.DampingAdaptive, s.Rank, s.Refresh, s.Window, s.Average = "", 0, false, false, 0, 0, 0, 0
	}
	return s
}

func plain(f *objective.Objective, _ Settings, _ uint64) (Direction, error) { return NewGradient(f) }

func checkRegularized(s Settings, examples int) error {
	if s.inBlocks() && (s.EmulateBatch < 1 || examples%s.EmulateBatch != 0 || examples == s.EmulateBatch) {
		return fmt.Errorf("gd-reg with penalty blocks or estimator difference splits the %d examples: give an --emulate-batch that divides them",
			examples)
	}
	if examples < 2 {
		return fmt.Errorf("gd-reg takes the covariance of the gradients of at least 2 examples, here is %d", examples)
	}
	if s.Lambda != 0 {
		return nil
	}
	if s.EmulateBatch == 0 {
		return errors.New("gd-reg needs its coefficient: give --lambda, or --emulate-batch for the theory's")
	}
	return s.emulation(examples).Check()
}

// inBlocks reports whether gd-reg works with random blocks of EmulateBatch examples.
func (s Settings) inBlocks() bool { return s.Penalty == "blocks" || s.Estimator == "difference" }

func regularized(f *objective.Objective, s Settings, seed uint64) (Direction, error) {
	lambda := func(float64) float64 { return s.Lambda }
	if s.Lambda == 0 {
		unit := s.emulation(f.Examples(objective.Train)).Coefficient(1) // λ is proportional to η
		lambda = func(rate float64) float64 { return unit * rate }
	}
	if s.inBlocks() {
		return NewBlocks(f, lambda, s.EmulateBatch, s.Penalty != "blocks", s.Estimator == "difference", seed)
	}
	return NewRegularized(f, lambda)
}

func (s Settings) emulation(examples int) Emulation {
	return Emulation{Examples: examples, Batch: s.EmulateBatch, Inertia: s.Inertia()}
}

// Inertia is the settings' rule of momentum.
func (s Settings) Inertia() Inertia { return Inertia{s.Momentum, s.Nesterov} }

// Check reports settings that cannot be followed on so many training examples.
func (s Settings) Check(examples int) error {
	o, known := optimizers[s.Optimizer]
	if !known {
		return fmt.Errorf("unknown optimizer %q: choose from %v", s.Optimizer, Optimizers)
	}
	for _, x := range []float64{s.Momentum, s.WeightDecay, s.Clip} {
		if x < 0 || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("momentum %v, weight decay %v, clip %v: give finite numbers of at least 0", s.Momentum, s.WeightDecay, s.Clip)
		}
	}
	switch {
	case s.Momentum >= 1:
		return fmt.Errorf("momentum %v: give a number below 1", s.Momentum)
	case s.Nesterov && s.Momentum == 0:
		return errors.New("nesterov without momentum: give --momentum too")
	case s.Steps < 1:
		return fmt.Errorf("%d steps: give at least 1", s.Steps)
	case math.IsNaN(s.Lambda) || math.IsInf(s.Lambda, 0):
		return fmt.Errorf("lambda %v: give a finite number", s.Lambda)
	case o.full && s.Batch != 0 && s.Batch != examples:
		return fmt.Errorf("%s takes all %d examples a step: leave the batch size %d out, or choose sgd", s.Optimizer, examples, s.Batch)
	}
	if err := s.checkNames(); err != nil {
		return err
	}
	if err := s.schedule().Check(); err != nil {
		return err
	}
	if o.check != nil {
		return o.check(s, examples)
	}
	return nil
}

// checkNames reports a choice that there is not. An empty name stands for the first of its kind.
func (s Settings) checkNames() error {
	for _, c := range []struct {
		what, name string
		names      []string
	}{
		{"sampling", s.Sampling, []string{data.Shuffle.String(), data.Replacement.String()}}, {"penalty", s.Penalty, Penalties},
		{"estimator", s.Estimator, Estimators}, {"noise", s.Noise, Noises}, {"method", s.Method, Methods},
	} {
		if c.name != "" && !slices.Contains(c.names, c.name) {
			return fmt.Errorf("unknown %s %q: choose from %v", c.what, c.name, c.names)
		}
	}
	return nil
}

func (s Settings) schedule() Schedule {
	kind := s.Schedule
	if kind == "" {
		kind = Schedules[0]
	}
	return Schedule{Kind: kind, Rate: s.Rate, Warmup: s.Warmup, Steps: s.Steps}
}

// Direction prepares what the optimizer's steps follow.
func (s Settings) Direction(f *objective.Objective, seed uint64) (Direction, error) {
	return optimizers[s.Optimizer].build(f, s, seed)
}

// RateAt is the learning rate of a step, counted from 0.
func (s Settings) RateAt(step int) float64 { return s.schedule().At(step) }

// Transform is the chain that PyTorch's clip_grad_norm_ and SGD apply: clip, weight decay, momentum.
func (s Settings) Transform() Transform {
	var c Chain
	if s.Clip > 0 {
		c = append(c, Clip{s.Clip})
	}
	if s.WeightDecay > 0 {
		c = append(c, WeightDecay{s.WeightDecay})
	}
	switch {
	case s.Nesterov:
		c = append(c, Nesterov{s.Momentum})
	case s.Momentum > 0:
		c = append(c, Momentum{s.Momentum})
	}
	return c
}

// Sampler draws the batches of a run over so many examples.
func (s Settings) Sampler(examples int, seed uint64) (*data.Sampler, error) {
	batch, kind := s.Batch, data.Shuffle
	if s.Sampling == data.Replacement.String() {
		kind = data.Replacement
	}
	if batch == 0 || s.FullBatch() {
		batch, kind = examples, data.Full
	}
	return data.NewSampler(kind, examples, batch, seed)
}

// FullBatch reports whether every step takes all examples, whatever Batch says.
func (s Settings) FullBatch() bool { return optimizers[s.Optimizer].full }

// BatchesPerEpoch is the number of steps in which a run goes through so many examples once.
func (s Settings) BatchesPerEpoch(examples int) int {
	if s.Batch < 1 || s.FullBatch() {
		return 1
	}
	return (examples + s.Batch - 1) / s.Batch
}
