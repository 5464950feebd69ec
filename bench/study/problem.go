package study

import (
	"fmt"
	"math"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/optim"
)

// lab is where cells are computed: a device, and the data of the last problem.
type lab struct {
	study  Study
	o      Options
	device kernels.Device // nil before its first use
	last   problemKey
	split  *data.Split
	model  objective.Model
	sum    string
}

// problemKey names the data of a cell.
type problemKey struct {
	task   int
	seed   uint64
	tuning bool
}

// load makes the data and the model of a cell current.
func (l *lab) load(key problemKey) error {
	if l.split != nil && l.last == key {
		return nil
	}
	t := l.study.Tasks[key.task]
	split, model, err := t.open(key.seed, l.o.DataDir)
	if err == nil && key.tuning {
		split, err = HoldOut(split, key.seed)
	}
	if err != nil {
		return fmt.Errorf("task %q: %w", t.Name, err)
	}
	if l.o.Loaded != nil {
		l.o.Loaded(split)
	}
	l.last, l.split, l.model, l.sum = key, split, model, data.Checksum(split.Train, split.Test)
	return nil
}

func (t Task) open(seed uint64, dir string) (*data.Split, objective.Model, error) {
	if t.Open != nil {
		return t.Open(seed)
	}
	split, err := data.Load(t.Data, data.Options{Dir: dir, Seed: seed})
	if err != nil {
		return nil, nil, err
	}
	var loss nn.Loss = nn.MSE{}
	outputs := split.Train.Outputs
	if split.Train.Classes > 0 {
		loss, outputs = nn.CrossEntropy{}, split.Train.Classes
	}
	model, err := nn.Parse(t.Model, split.Train.Shape, outputs, loss)
	return split, model, err
}

// place puts the current problem on the device, with the first weights of a seed.
func (l *lab) place(seed uint64) (f *objective.Objective, start []float64, err error) {
	if l.device == nil {
		if l.device, err = l.o.device(); err != nil {
			return nil, nil, err
		}
	}
	f, err = objective.New(l.device, l.model, l.split, objective.Options{DType: l.study.DType, Seed: seed, Chunk: l.o.Chunk})
	if err != nil {
		return nil, nil, err
	}
	start = make([]float64, f.NumParams())
	if err = f.Parameters().Read(start); err != nil {
		f.Close()
	}
	return f, start, err
}

func (o Options) device() (kernels.Device, error) {
	if o.Device == nil {
		return cpu.New(cpu.Options{}), nil
	}
	return o.Device()
}

func (l *lab) close() error {
	if l.device == nil {
		return nil
	}
	return l.device.Close()
}

// check finds what does not fit the data of the first seed: targets that a task has no numbers for, and optimizers' settings.
func (l *lab) check() error {
	s := l.study
	for i, t := range s.Tasks {
		if err := l.load(problemKey{task: i, seed: s.Seeds[0]}); err != nil {
			return s.at(err, place("task", i), "data")
		}
		if err := l.checkTargets(i); err != nil {
			return err
		}
		for k, o := range s.Optimizers {
			if err := l.checkOptimizer(t, o, s.tuned(k)); err != nil {
				return s.at(fmt.Errorf("optimizer %q on task %q: %w", o.Name, t.Name, err), place("optimizer", k), "settings")
			}
		}
	}
	return nil
}

func (l *lab) checkOptimizer(t Task, o Optimizer, tuned bool) error {
	problem := optim.Problem{Examples: l.split.Train.Len(), Steps: t.Budget.Updates}
	if !tuned {
		return optim.Check(o.Optimizer, problem)
	}
	out, err := heldOut(l.split)
	if err != nil {
		return err
	}
	problem.Examples -= out
	for k := range l.study.Tuning.Trials {
		trial, err := o.trial(k, l.study.Tuning.Seed)
		if err == nil {
			err = optim.Check(trial, problem)
		}
		if err != nil {
			return fmt.Errorf("trial %d: %w", k+1, err)
		}
	}
	return nil
}

// checkTargets wants a test part for targets, classes for an accuracy, and of targets of all tasks one that has the number.
func (l *lab) checkTargets(task int) error {
	s, t := l.study, l.study.Tasks[task]
	for _, target := range t.Targets {
		var why string
		switch {
		case l.split.Test.Len() == 0:
			why = "it has no test part"
		case target.Metric == accuracyName && l.split.Train.Classes == 0:
			why = "a regression has no accuracy"
		case target.Metric == lossName && target.Value < 0 || math.IsNaN(target.Value):
			why = "no loss is below 0"
		default:
			continue
		}
		return s.at(fmt.Errorf("task %q has nothing for target %q: %s: leave it out, or give targets to the tasks that have it", t.Name, target, why), place("task", task), "targets")
	}
	return nil
}
