package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/pflag"
	"gonum.org/v1/gonum/floats"

	"drift/bench/theory"
	"drift/data"
	"drift/graph/objective"
	"drift/optim/rundir"
	"drift/optim/train"
)

// follow trains the run of --along again and looks at some of its epochs.
func (v *verification) follow(ctx context.Context, flags *pflag.FlagSet) (err error) {
	t, err := v.readTraining()
	if err != nil {
		return err
	}
	v.data, v.model, v.seed = t.data, t.model, t.seed
	v.options.Seed = t.seed
	p, o, run, err := t.start()
	if err != nil {
		return err
	}
	defer func() { err = closing(p, err) }()
	v.network = p.Model
	if _, err := theory.Followable(p.Objective, o, run.Steps); err != nil { // before anything is prepared
		return fmt.Errorf("following the run in %s: %w", v.along, err)
	}
	if err := v.prepare(); err != nil {
		return err
	}
	trainer, err := train.New(p.Objective, o, run)
	if err != nil {
		return err
	}
	defer trainer.Close()
	w, err := v.beside(ctx, p, t.chunk)
	if err != nil {
		return err
	}
	defer w.Close()
	course, checks, err := v.stagesOf(ctx, trainer, w)
	if err == nil {
		course.Distance, err = distance(&t.task, p, v.along)
	}
	if err != nil {
		return fmt.Errorf("following the run in %s: %w", v.along, err)
	}
	return v.deliver(flags, checks, course)
}

// readTraining is the settings of the run, but for where it is computed.
func (v *verification) readTraining() (*training, error) {
	config, err := rundir.ReadConfig(v.along)
	if err != nil {
		return nil, fmt.Errorf("reading the run in %s: %w", v.along, err)
	}
	own := *v.app
	own.line = nil
	t := &training{app: &own}
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	own.globals(flags)
	t.flags(flags)
	if err := setAsKept(config, flags); err != nil {
		return nil, fmt.Errorf("reading the run in %s: %w", v.along, err)
	}
	own.threads, own.quiet, own.json = v.threads, v.quiet, v.json
	if v.given("device") {
		own.device = v.device
	}
	if v.dataDir != "" {
		t.dataDir = v.dataDir
	}
	return t, nil
}

// beside is a world in float64 over the run's data.
func (v *verification) beside(ctx context.Context, p *problem, chunk int) (*theory.World, error) {
	split := data.Split{Train: p.Data(objective.Train), Test: p.Data(objective.Test)}
	values, err := p.Values()
	if err != nil {
		return nil, err
	}
	return theory.NewWorld(ctx, p.device, p.Model, &split, values, objective.Options{Chunk: chunk, Parts: p.Parts(), Group: p.Group()})
}

// stagesOf trains to the end, and looks at the chosen epochs on the way.
func (v *verification) stagesOf(ctx context.Context, t *train.Trainer, w *theory.World) (*theory.Followed, []theory.Check, error) {
	show := v.progress("following the run", "steps", t.Options.Steps)
	defer show.Close()
	f := theory.Following{World: w, Trainer: t, Options: v.options, Stages: v.stages, Progress: func(step int) { show.Set(step, "") },
		Looked: func(s theory.Stage) {
			show.Point("loss", s.TrainLoss)
			show.Point("test loss", s.TestLoss)
		}}
	stages, checks, err := f.Run(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &theory.Followed{Run: v.along, Trend: theory.NewTrend(stages), Stages: stages}, checks, nil
}

// distance is ‖θ − θ_run‖ from the weights that the run left, nil where it left none.
func distance(k *task, p *problem, folder string) (*float64, error) {
	theirs, _, err := k.read(filepath.Join(folder, rundir.WeightsName), objective.Tensors(p.Model), p.DType())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ours, err := p.Values()
	if err != nil {
		return nil, err
	}
	d := floats.Distance(ours, theirs, 2)
	return &d, nil
}
