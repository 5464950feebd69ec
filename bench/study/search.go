package study

import (
	"math"

	"drift/bench/report"
	"drift/optim/options"
)

// Search is what tuning an optimizer on a task came to.
type Search struct {
	Trials    []TrialLoss `json:"trials"`
	Finalists []Finalist  `json:"finalists"`
	Chosen    int         `json:"chosen"` // trial, from 0 on; −1: none stayed finite on all seeds
	// Diverged is how many trials did.
	Diverged int `json:"diverged"`
	// Updates and ExampleGradients are the cost of all trials, those on further seeds too.
	Updates          int     `json:"updates"`
	ExampleGradients float64 `json:"example_gradients"`
	// Outermost are the options of the choice that are the least or largest of those tried, so that a better choice may lie beyond.
	Outermost []string `json:"outermost"`
	// EdgeRatio is the least learning rate above the chosen one that diverged in any trial, over the chosen one; null where none did. It says
	// how near the edge of stability the choice is.
	EdgeRatio report.Number `json:"edge_ratio"`
}

// TrialLoss is a trial with the loss that it came to on examples held out, null where it diverged.
type TrialLoss struct {
	Settings Entry         `json:"settings"`
	Loss     report.Number `json:"validation_loss"`
}

// Finalist is a trial that was run again on further seeds: its losses, the first trial's first.
type Finalist struct {
	Trial  int             `json:"trial"`
	Losses []report.Number `json:"validation_losses"`
}

// search collects the trials of an optimizer on a task, and, where whole is set, what the finalists came to. It reports false where some of
// that is not done.
func (w *worker) search(task, optimizer int, whole bool) (s Search, ready bool, err error) {
	s.Chosen = -1
	var losses []float64
	for k := range w.Tuning.Trials {
		r, found, err := w.get(cell{trialStage, task, optimizer, k, w.Tuning.Seed})
		if err != nil || !found {
			return s, false, err
		}
		s.pay(r)
		loss := r.Run.TestLoss() // of what is held out
		if math.IsNaN(loss) {
			s.Diverged++
		}
		losses = append(losses, loss)
		s.Trials = append(s.Trials, TrialLoss{r.Run.Entry, report.Number(loss)})
	}
	for _, k := range Finalists(losses, w.Tuning.Finalists) {
		s.Finalists = append(s.Finalists, Finalist{k, []report.Number{report.Number(losses[k])}})
	}
	if !whole {
		return s, true, nil
	}
	ready, err = w.finals(&s, task, optimizer)
	return s, ready, err
}

// finals adds the losses of finalists on further seeds, and chooses.
func (w *worker) finals(s *Search, task, optimizer int) (ready bool, err error) {
	all := make([][]float64, len(s.Finalists))
	for k := range s.Finalists {
		for again := range w.Tuning.Again {
			r, found, err := w.get(cell{finalistStage, task, optimizer, k, w.Tuning.Seed + uint64(again) + 1})
			if err != nil || !found {
				return false, err
			}
			s.pay(r)
			s.Finalists[k].Losses = append(s.Finalists[k].Losses, report.Number(r.Run.TestLoss()))
		}
		for _, x := range s.Finalists[k].Losses {
			all[k] = append(all[k], float64(x))
		}
	}
	if k := Steadiest(all); k >= 0 {
		s.Chosen = s.Finalists[k].Trial
		s.edges(w.Optimizers[optimizer])
	}
	return true, nil
}

func (s *Search) pay(r record) {
	s.Updates += r.Run.Result.Steps
	s.ExampleGradients += r.Run.Result.ExampleGradients
}

// edges finds where the choice lies at the end of what was tried.
func (s *Search) edges(o Optimizer) {
	chosen := s.Trials[s.Chosen].Settings.Optimizer
	s.Outermost, s.EdgeRatio = []string{}, report.Number(math.NaN())
	for _, d := range o.space() {
		if d.Choices != nil {
			continue
		}
		x, least, most := options.Number(chosen, d.Name), math.Inf(1), math.Inf(-1)
		for _, t := range s.Trials {
			v := options.Number(t.Settings.Optimizer, d.Name)
			least, most = min(least, v), max(most, v)
		}
		if len(s.Trials) > 2 && (x == least || x == most) {
			s.Outermost = append(s.Outermost, d.Name)
		}
	}
	if !options.Has(chosen, "lr") {
		return
	}
	rate, edge := options.Number(chosen, "lr"), math.Inf(1)
	for _, t := range s.Trials {
		if x := options.Number(t.Settings.Optimizer, "lr"); math.IsNaN(float64(t.Loss)) && x > rate {
			edge = min(edge, x)
		}
	}
	if !math.IsInf(edge, 1) {
		s.EdgeRatio = report.Number(edge / rate)
	}
}
