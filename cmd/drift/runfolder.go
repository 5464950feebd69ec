package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"drift/graph/objective"
	"drift/optim/rundir"
	"drift/optim/train"
)

// readRun takes the settings of a run that is resumed from its folder. Those that decide what the run is cannot be changed.
func (t *training) readRun(flags *pflag.FlagSet) error {
	if err := checkResumed(flags, t.resume, "tensorboard", "serve", "checkpoint-every", "steps", "epochs"); err != nil {
		return err
	}
	var dir *rundir.Dir // of the first process alone
	var config []byte
	if t.group.First() {
		var err error
		if dir, err = rundir.Resume(t.resume); err != nil {
			return err
		}
		config = []byte(dir.Config())
	}
	config, err := t.group.Broadcast(config)
	if err == nil {
		err = setAsKept(string(config), flags)
	}
	if err != nil {
		dir.Close()
		return fmt.Errorf("resuming the run in %s: %w", t.resume, err)
	}
	t.logging.Dir = dir
	return nil
}

// checkResumed refuses flags that would change what is resumed, save those of the given names, which do not.
func checkResumed(flags *pflag.FlagSet, folder string, names ...string) error {
	free := append(names, "resume", "device", "threads", "quiet", "json", "data-dir")
	var wrong string
	flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains(free, f.Name) {
			wrong = f.Name
		}
	})
	if wrong == "" {
		return nil
	}
	return usagef("--%s cannot be given with --resume, which takes the settings of the folder: leave it out, or start anew with --config %s",
		wrong, filepath.Join(folder, "config.toml"))
}

// startRun begins a new run folder.
func (t *training) startRun(flags *pflag.FlagSet, model objective.Model, trainer *train.Trainer) error {
	if t.resume != "" {
		return usagef("--out starts a new run and --resume goes on with an old one: leave one out")
	}
	if !t.group.First() {
		return nil
	}
	config, err := t.runConfig(flags, model, trainer)
	if err != nil {
		return err
	}
	t.logging.Dir, err = rundir.Create(t.out, config)
	return err
}

// extendRun gives a resumed run another length, from before its next step on.
func (t *training) extendRun(flags *pflag.FlagSet, model objective.Model, trainer *train.Trainer) error {
	config, err := t.runConfig(flags, model, trainer)
	if err != nil || t.logging.Dir == nil {
		return err
	}
	return t.logging.Dir.SetConfig(config)
}

// runConfig is the text of config.toml: everything that decides what the run is.
func (t *training) runConfig(flags *pflag.FlagSet, model objective.Model, trainer *train.Trainer) (string, error) {
	changes := t.options.Settings(trainer.Optimizer)
	changes["steps"], changes["epochs"], changes["chunk"] = trainer.Options.Steps, nil, trainer.Objective.Chunk()
	settings, err := runSettings(flags, model, changes)
	if err != nil {
		return "", err
	}
	var config strings.Builder
	err = encodeTOML(&config, settings)
	return config.String(), err
}
