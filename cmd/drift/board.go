package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"drift/bench/tensorboard"
	"drift/graph/objective"
	"drift/optim/train"
)

// board writes a run's log for TensorBoard: the numbers of each line, and the distribution of each parameter where the run is
// evaluated. A nil board writes nothing.
type board struct {
	writer *tensorboard.Writer
	f      *objective.Objective
	theta  []float64
	err    error // the first, after which nothing is written
}

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

// openBoard starts the events of a new run, with its settings as a text, or goes on with those of a resumed one.
func (t *training) openBoard(flags *pflag.FlagSet, model objective.Model, trainer *train.Trainer) (*board, error) {
	if t.tensorboard == "" {
		return nil, nil
	}
	b := &board{f: trainer.Objective, theta: make([]float64, trainer.Objective.NumParams())}
	var err error
	if t.resume != "" {
		b.writer, err = tensorboard.Resume(t.tensorboard, trainer.StepsTaken())
		return b, err
	}
	config, err := t.runConfig(flags, model, trainer)
	if err != nil {
		return nil, err
	}
	if b.writer, err = tensorboard.Create(t.tensorboard); err != nil {
		return nil, err
	}
	b.err = b.writer.Text(0, "config", "    "+strings.ReplaceAll(config, "\n", "\n    ")) // Markdown's verbatim
	return b, nil
}

// log writes a line of the log.
func (b *board) log(e *train.Entry) {
	if b == nil || b.err != nil {
		return
	}
	if b.err = b.scalars(e); b.err == nil && e.TestLoss != nil {
		b.err = b.histograms(e.Step)
	}
}

func (b *board) scalars(e *train.Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	numbers := map[string]float64{}
	if err := json.Unmarshal(line, &numbers); err != nil {
		return err
	}
	delete(numbers, "step")
	return b.writer.Scalars(e.Step, numbers)
}

func (b *board) histograms(step int) error {
	if err := b.f.Parameters().Read(b.theta); err != nil {
		return fmt.Errorf("reading the weights: %w", err)
	}
	for _, p := range b.f.Model.Params() {
		if err := b.writer.Histogram(step, "parameters/"+p.Name, b.theta[p.Offset:p.Offset+p.Len]); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the file and is the first error.
func (b *board) Close() error {
	if b == nil {
		return nil
	}
	return closing(b.writer, b.err)
}
