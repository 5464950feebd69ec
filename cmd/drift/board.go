package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"drift/bench/tensorboard"
	"drift/graph/objective"
	"drift/optim/train"
)

// checkBoard finds out early that the folder of --tensorboard is not for this run.
func (t *training) checkBoard() error {
	if t.tensorboard == "" || t.resume != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(t.tensorboard, tensorboard.FileName)); err == nil {
		return usagef("--tensorboard: %s holds the events of another run: name another folder", t.tensorboard)
	}
	return nil
}

// openBoard starts the events of a new run, with its settings as a text, or continues those of a resumed one.
func (t *training) openBoard(flags *pflag.FlagSet, model objective.Model, trainer *train.Trainer) (*tensorboard.Run, error) {
	if t.tensorboard == "" {
		return nil, nil
	}
	if t.resume != "" {
		w, err := tensorboard.Resume(t.tensorboard, trainer.StepsTaken())
		if err != nil {
			return nil, err
		}
		return tensorboard.NewRun(w, trainer.Objective), nil
	}
	config, err := t.runConfig(flags, model, trainer)
	if err != nil {
		return nil, err
	}
	w, err := tensorboard.Create(t.tensorboard)
	if err != nil {
		return nil, err
	}
	if err := w.Text(0, "config", "    "+strings.ReplaceAll(config, "\n", "\n    ")); err != nil { // Markdown's verbatim
		return nil, closing(w, err)
	}
	return tensorboard.NewRun(w, trainer.Objective), nil
}
