package study

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"drift/data"
	"drift/graph/objective"
	"drift/kernels"
	"drift/optim"
	"drift/optim/options"
)

// Study is tasks × optimizers × seeds. A seed decides data, label noise, first weights and batches; all optimizers share them.
type Study struct {
	Name        string
	Description string
	Tasks       []Task
	Optimizers  []Optimizer
	Seeds       []uint64
	Tuning      Tuning
	// Reference is the optimizer from which differences are taken; "" is the first.
	Reference string
	DType     kernels.DType
	Points    int // of a learning curve; 0: 40

	source string // the file that it was read from, "" for a study made in Go
	places places // of its parts in the file
}

// Task is a problem: data, model and the length of runs.
type Task struct {
	Name    string
	Data    string // spec, as data.Load has it
	Model   string // spec, as nn.Parse has it
	Budget  Budget
	Targets []Target
	// Open, where given, makes data and model of a seed in place of the specs.
	Open func(seed uint64) (*data.Split, objective.Model, error) `json:"-"`
}

// Optimizer is one of the optimizers with its settings, under a name of its own: the same type may stand there twice.
type Optimizer struct {
	Name      string
	Optimizer optim.Optimizer
	// Space is what tuning searches; nil is what the tags of its options offer, around what they say.
	Space []Dimension
	Fixed bool // it is not tuned
}

// Tuning gives every optimizer the same number of trials on each task. A trial trains on the training part without its validation part, with the
// budget of the task, and is judged by the loss on that part: see Finalists and Steadiest.
type Tuning struct {
	Trials    int    // of each optimizer; 0: none, settings stay as they are
	Finalists int    // of them, how many are run again; 0: FinalistsOf
	Again     int    // on how many further seeds; 0: AgainOn
	Seed      uint64 // of the first trials; further ones count up from it. 0: 1001, away from the study's own seeds
}

const (
	tuningSeed = 1001
	points     = 40
)

// withDefaults fills in what is left at zero.
func (s Study) withDefaults() Study {
	set := func(x *int, standard int) {
		if *x == 0 {
			*x = standard
		}
	}
	set(&s.Points, points)
	if s.Reference == "" && len(s.Optimizers) > 0 {
		s.Reference = s.Optimizers[0].Name
	}
	if s.Tuning.Trials == 0 {
		s.Tuning = Tuning{}
		return s
	}
	set(&s.Tuning.Finalists, FinalistsOf)
	set(&s.Tuning.Again, AgainOn)
	if s.Tuning.Seed == 0 {
		s.Tuning.Seed = tuningSeed
	}
	return s
}

// check finds what is wrong with a study before any data are read.
func (s Study) check() error {
	switch {
	case len(s.Tasks) == 0:
		return s.at(errors.New("it has no tasks: give a [[task]]"))
	case len(s.Optimizers) == 0:
		return s.at(errors.New("it has no optimizers: give an [[optimizer]]"))
	case len(s.Seeds) == 0:
		return s.at(errors.New("it has no seeds: give seeds = 5, or a list of them"), "seeds")
	}
	if s.Points < 0 {
		return s.at(fmt.Errorf("points = %d: give a number above 0", s.Points), "points")
	}
	if n := s.size(); n > mostCells {
		return s.at(fmt.Errorf("it has %.3g runs, more than %d: give fewer seeds or trials", n, mostCells), "tuning")
	}
	seen := map[uint64]bool{}
	for _, seed := range s.Seeds {
		if seen[seed] {
			return s.at(fmt.Errorf("seed %d is there twice: name each once", seed), "seeds")
		}
		seen[seed] = true
	}
	var names []string
	for i, t := range s.Tasks {
		if slices.Contains(names, t.Name) {
			return s.at(fmt.Errorf("two tasks have the name %q: give each a name of its own", t.Name), place("task", i), "name")
		}
		names = append(names, t.Name)
		if err := t.check(); err != nil {
			return s.at(fmt.Errorf("task %q: %w", t.Name, err), place("task", i), "budget")
		}
	}
	return s.checkOptimizers()
}

// mostCells is more than any study has time for.
const mostCells = 1_000_000

// size is about how many cells there are, or some more.
func (s Study) size() float64 {
	each := float64(len(s.Seeds)) + float64(s.Tuning.Trials) + float64(s.Tuning.Finalists)*float64(s.Tuning.Again)
	return each * float64(len(s.Tasks)) * float64(len(s.Optimizers))
}

func (t Task) check() error {
	if t.Name == "" {
		return errors.New("it has no name")
	}
	return t.Budget.check()
}

func (s Study) checkOptimizers() error {
	var names []string
	for i, o := range s.Optimizers {
		if o.Name == "" || o.Optimizer == nil {
			return s.at(errors.New("an optimizer without a name or a value"), place("optimizer", i))
		}
		if slices.Contains(names, o.Name) {
			return s.at(fmt.Errorf("two optimizers have the name %q: give each a name of its own", o.Name), place("optimizer", i), "name")
		}
		names = append(names, o.Name)
		if err := o.checkSpace(s.Tuning); err != nil {
			return s.at(fmt.Errorf("optimizer %q: %w", o.Name, err), place("optimizer", i), "search")
		}
	}
	if !slices.Contains(names, s.Reference) {
		return s.at(fmt.Errorf("reference %q is none of the optimizers: choose one of %s", s.Reference, strings.Join(names, ", ")), "reference")
	}
	return nil
}

// checkSpace wants something to search where the optimizer is tuned, within what its options can be.
func (o Optimizer) checkSpace(t Tuning) error {
	if o.Space != nil && t.Trials == 0 {
		return errors.New("it has a search space, and the study has no trials: give [tuning] trials, or leave the space out")
	}
	if t.Trials == 0 || o.Fixed {
		return nil
	}
	if len(o.space()) == 0 {
		return errors.New("its search space is empty: give it options to search, or tune = false")
	}
	for _, d := range o.space() {
		for _, u := range []float64{0, 0.5, 1 - 1e-12} {
			if _, err := options.Set(o.Optimizer, d.Name, d.at(u)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o Optimizer) space() []Dimension {
	if o.Space != nil {
		return o.Space
	}
	return Space(o.Optimizer)
}

// trial is the optimizer of a trial.
func (o Optimizer) trial(number int, seed uint64) (optim.Optimizer, error) {
	if o.Space == nil {
		return Tried(o.Optimizer, number)
	}
	return Drawn(o.Optimizer, o.Space, number, seed, o.Name)
}

// fingerprint names a study by all that its results follow from, the machine's own numbers left out.
func (s Study) fingerprint(more string) string {
	type optimizer struct {
		Optimizer
		Kind  string
		Space []Dimension
	}
	var all []optimizer
	for _, o := range s.Optimizers {
		all = append(all, optimizer{o, optim.NameOf(o.Optimizer), o.Space})
	}
	text, err := json.Marshal([]any{s.Tasks, all, s.Seeds, s.Tuning, s.DType, s.Points, more})
	if err != nil {
		text = []byte(err.Error())
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}
