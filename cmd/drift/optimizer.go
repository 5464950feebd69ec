package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"drift/optim"
)

// batchSize is a number of examples, 0 standing for all of them.
type batchSize int

func (b batchSize) String() string {
	if b == 0 {
		return "full"
	}
	return strconv.Itoa(int(b))
}

func parseBatch(s string) (batchSize, error) {
	if s == "full" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("got %q: give a whole number of at least 1, or full", s)
	}
	return batchSize(n), nil
}

// recipe is what train and compare share: everything about the updates but the optimizer's name.
type recipe struct {
	settings optim.Settings
	batch    batchSize
	epochs   float64
}

func (r *recipe) flags(flags *pflag.FlagSet, s optim.Settings, epochs float64) {
	add(flags, &r.settings.Rate, "lr", s.Rate, "learning rate η", "float", positive)
	add(flags, &r.settings.Momentum, "momentum", s.Momentum, "momentum μ: v ← μv + g", "float", fraction)
	flags.BoolVar(&r.settings.Nesterov, "nesterov", s.Nesterov, "Nesterov's form of momentum")
	add(flags, &r.settings.WeightDecay, "weight-decay", s.WeightDecay, "κ of κθ added to the gradient", "float", notNegative)
	add(flags, &r.settings.Clip, "clip", s.Clip, "largest norm of the gradient (0: any)", "float", notNegative)
	add(flags, &r.settings.Schedule, "schedule", optim.Schedules[0], "learning rate over the run: "+strings.Join(optim.Schedules, "|")+
		": cosine falls to 0, step to η/10 at half of the run and to η/100 at three quarters", "name", oneOf(optim.Schedules...))
	add(flags, &r.settings.Warmup, "warmup", s.Warmup, "steps over which the learning rate rises at first", "int", atLeast(0))
	add(flags, &r.batch, "batch", batchSize(s.Batch), "examples a step of sgd: N|full", "int", parseBatch)
	add(flags, &r.settings.Sampling, "sampling", "shuffle", "batches: shuffle|replacement", "name", oneOf("shuffle", "replacement"))
	add(flags, &r.epochs, "epochs", epochs, "length of the run in passes over the data by sgd's batches", "float", positive)
	add(flags, &r.settings.Steps, "steps", 0, "length of the run in steps, in place of --epochs", "int", atLeast(1))
	add(flags, &r.settings.Lambda, "lambda", 0, "gd-reg: coefficient of tr Σ, set by hand", "float", finite)
	add(flags, &r.settings.EmulateBatch, "emulate-batch", 0, "gd-reg, gd-noise: batch size of the SGD to follow", "int", atLeast(0))
	sigmaFlags(flags, &r.settings)
}

// maxSteps is the longest run; float64 counts them all.
const maxSteps = 1 << 53

// resolve completes the settings for an optimizer on so many examples, and checks them. given tells the flags of the
// command line, which overrule what a file says in other words.
func (r *recipe) resolve(optimizer string, examples int, given func(string) bool) (optim.Settings, error) {
	s := r.settings
	s.Optimizer, s.Batch = optimizer, int(r.batch)
	if given("steps") && given("epochs") {
		return s, usagef("--steps and --epochs both give the length of the run: leave one out")
	}
	if s.Lambda != 0 && s.EmulateBatch != 0 {
		return s, usagef("--lambda and --emulate-batch both give gd-reg's coefficient: leave one out")
	}
	if s.FullBatch() && !given("batch") {
		s.Batch = 0
	}
	if s.Batch > examples {
		return s, usagef("--batch %d: that is more than there are training examples, %d: give fewer, or full", s.Batch, examples)
	}
	if s.Steps == 0 || given("epochs") {
		steps := math.Round(r.epochs * float64(s.BatchesPerEpoch(examples)))
		if steps > maxSteps {
			return s, usagef("--epochs %g: that is %.3g steps, more than %d: give fewer", r.epochs, steps, maxSteps)
		}
		s.Steps = max(1, int(steps))
	}
	if err := s.Check(examples); err != nil {
		return s, usagef("%w", err)
	}
	return s, nil
}
