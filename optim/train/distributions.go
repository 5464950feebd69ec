package train

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Distributions is the spread of the parameters' values after a step.
type Distributions struct {
	Step int `json:"step"`
	// Parameters is the quantiles Quantiles of each parameter tensor, by its name.
	Parameters map[string][]float64 `json:"parameters"`
}

// Quantiles are the shares of values that lie at or below those that Distributions has.
var Quantiles = []float64{0.05, 0.25, 0.5, 0.75, 0.95}

// mostValues is how many values of a tensor are looked at: enough for quantiles to two digits, and sorted in no time.
const mostValues = 4096

// distributions logs the spread of the parameters where a run is measured.
func (l Logging) distributions(t *Trainer, measured bool) error {
	if !measured {
		return nil
	}
	theta := make([]float64, t.Objective.NumParams())
	if err := t.Objective.Parameters().Read(theta); err != nil {
		return fmt.Errorf("reading the parameters: %w", err)
	}
	d := Distributions{t.StepsTaken(), map[string][]float64{}}
	for _, p := range t.Objective.Model.Params() {
		d.Parameters[p.Name] = quantiles(theta[p.Offset : p.Offset+p.Len])
	}
	return l.Dir.LogDistributions(d)
}

// quantiles are those of the values, or of every k-th where there are many.
func quantiles(values []float64) []float64 {
	if len(values) == 0 {
		return []float64{}
	}
	every := (len(values) + mostValues - 1) / mostValues
	some := make([]float64, 0, mostValues)
	for i := 0; i < len(values); i += every {
		some = append(some, values[i])
	}
	slices.Sort(some)
	out := make([]float64, len(Quantiles))
	for i, q := range Quantiles {
		out[i] = stat.Quantile(q, stat.Empirical, some, nil)
	}
	return out
}
