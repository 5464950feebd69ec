package tensorboard

import (
	"encoding/json"
	"errors"
	"fmt"

	"drift/graph/objective"
	"drift/optim/train"
)

// Run writes a training run's log: the numbers of each line, and the distribution of each parameter where the run is evaluated. A nil
// Run writes nothing.
type Run struct {
	*Writer
	f     *objective.Objective
	theta []float64
	err   error // the first
}

// NewRun writes to w what an objective is trained to.
func NewRun(w *Writer, f *objective.Objective) *Run {
	return &Run{Writer: w, f: f, theta: make([]float64, f.NumParams())}
}

// Log writes a line of the log. After an error nothing more is written.
func (b *Run) Log(e *train.Entry) {
	if b == nil || b.err != nil {
		return
	}
	if b.err = b.scalars(e); b.err == nil && e.TestLoss != nil {
		b.err = b.histograms(e.Step)
	}
}

func (b *Run) scalars(e *train.Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	numbers := map[string]float64{}
	if err := json.Unmarshal(line, &numbers); err != nil {
		return err
	}
	delete(numbers, "step")
	return b.Scalars(e.Step, numbers)
}

func (b *Run) histograms(step int) error {
	if err := b.f.Parameters().Read(b.theta); err != nil {
		return fmt.Errorf("reading the weights: %w", err)
	}
	for _, p := range b.f.Model.Params() {
		if err := b.Histogram(step, "parameters/"+p.Name, b.theta[p.Offset:p.Offset+p.Len]); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the file and returns the first error.
func (b *Run) Close() error {
	if b == nil {
		return nil
	}
	return errors.Join(b.err, b.Writer.Close())
}
