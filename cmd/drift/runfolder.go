package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"drift/graph/nn"
	"drift/optim"
	"drift/optim/rundir"
)

// readRun takes the settings of a run that is resumed from its folder. Those that decide what the run is cannot be changed.
func (t *training) readRun(flags *pflag.FlagSet) error {
	free := []string{"resume", "device", "threads", "quiet", "json", "checkpoint-every", "data-dir"}
	var wrong string
	flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains(free, f.Name) {
			wrong = f.Name
		}
	})
	if wrong != "" {
		return usagef("--%s cannot be given with --resume, which takes the run's own settings: leave it out, or start a new run with --config %s",
			wrong, t.resume+"/config.toml")
	}
	dir, err := rundir.Resume(t.resume)
	if err != nil {
		return err
	}
	if err := setFlags(dir.Config(), flags); err != nil {
		dir.Close()
		return fmt.Errorf("resuming the run in %s: config.toml: %w", t.resume, err)
	}
	t.logging.Dir = dir
	return nil
}

// startRun begins a new run folder.
func (t *training) startRun(flags *pflag.FlagSet, model *nn.Model, s optim.Settings) error {
	if t.resume != "" {
		return usagef("--out starts a new run and --resume goes on with an old one: leave one out")
	}
	changes := map[string]any{"steps": s.Steps, "epochs": nil}
	if s.Batch == 0 {
		changes["batch"] = batchSize(0).String()
	}
	settings, err := runSettings(flags, model, changes)
	if err != nil {
		return err
	}
	var config strings.Builder
	if err := encodeTOML(&config, settings); err != nil {
		return err
	}
	t.logging.Dir, err = rundir.Create(t.out, config.String())
	return err
}
