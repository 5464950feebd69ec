// Package compare trains one network with several optimizers over several seeds and says how they differ: losses, accuracy,
// generalization gap and cost as means with confidence intervals, and how much of the difference between stochastic and
// full-batch descent the regularizer explains.
package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"drift/bench/report"
	"drift/bench/study"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// Experiment is what is compared. Everything about a seed — data, first weights, batches — is shared by the optimizers.
type Experiment struct {
	// Open puts the problem of a seed on a device, with its first weights as parameters. The closer ends it.
	Open func(seed uint64) (*objective.Objective, io.Closer, error)
	// Entries gives the optimizers for n training examples, in the order of the table.
	Entries func(examples int) ([]Entry, error)
	Seeds   []uint64
	Shard   study.Shard // of the seeds: others are left to other processes that have the same Kept, and Run returns no outcome
	Points  int         // of a learning curve
	Pairs   int         // pairs of opposite shuffles over which SGD is averaged for the explained drift; 0: it is not computed
	Paths   int         // of these pairs, how many are expanded in their noise, at least 2; 0: none
	// Trials is how many choices of each optimizer's options are tried first, on the problem of OpenTuning, whose test part is held
	// out of the training part; 0: none, the options stay as they are.
	Trials     int
	OpenTuning func(seed uint64) (*objective.Objective, io.Closer, error)
	// Kept, where given, holds what is finished of the experiment, which Run does not do again.
	Kept *study.Store
	// SoFar, where given, gets what the finished runs come to after each: rows have the seeds that are finished.
	SoFar func(o *Outcome, runs int) error
	// Observe, where given, hears how many updates are done, of all runs together, without the number of all.
	Observe func(study.News)
}

// Entry is one of the optimizers that are compared.
type Entry = study.Entry

// run is one optimizer on one seed.
type run struct {
	study.Run
	Explained report.Number `json:"explained"` // NaN where it does not apply
	// SecondOrder is there for the SGD whose shuffles were expanded.
	SecondOrder *secondOrder `json:"second_order,omitempty"`
}

// Run tunes where asked, and then does all runs, seed by seed.
func (e Experiment) Run(ctx context.Context) (*Outcome, error) {
	done := 0
	heard := func(steps int, news study.News) {
		done += steps
		if e.Observe != nil && news.What != "" {
			news.Done = done
			e.Observe(news)
		}
	}
	var trials []Trial
	var best []Entry
	if e.Trials > 0 {
		var err error
		if trials, best, err = e.tune(ctx, heard); err != nil {
			return nil, fmt.Errorf("tuning: %w", err)
		}
	}
	var runs [][]run // by seed
	for i, seed := range e.Seeds {
		if !e.Shard.Has(i) {
			continue
		}
		of, err := e.seed(ctx, seed, best, heard, func(now []run) error { return e.soFar(append(slices.Clip(runs), now), trials) })
		if err != nil {
			return nil, fmt.Errorf("seed %d: %w", seed, err)
		}
		runs = append(runs, of)
	}
	if e.Shard.Of > 0 {
		return nil, nil
	}
	o := newOutcome(runs)
	o.Trials = trials
	return o, o.check()
}

// begin is the optimizers for a problem, and its first weights.
func (e Experiment) begin(f *objective.Objective) ([]Entry, []float64, error) {
	entries, err := e.Entries(f.Examples(objective.Train))
	if err != nil {
		return nil, nil, err
	}
	start := make([]float64, f.Parameters().Len())
	return entries, start, f.Parameters().Read(start)
}

// soFar tells of the finished runs, by seed.
func (e Experiment) soFar(runs [][]run, trials []Trial) error {
	if e.SoFar == nil {
		return nil
	}
	o, count := newOutcome(runs), 0
	for _, of := range runs {
		count += len(of)
	}
	o.Trials = trials
	return e.SoFar(o, count)
}

// seed is the runs of a seed. heard is told of updates, and without words of those whose outcome was kept; finished gets the runs that
// are there after each.
func (e Experiment) seed(ctx context.Context, seed uint64, best []Entry, heard func(int, study.News), finished func([]run) error) (runs []run, err error) {
	var kept keptSeed
	if _, err := e.Kept.Load(seedName(seed), &kept); err != nil {
		return nil, err
	}
	for _, r := range kept.Runs {
		heard(r.Entry.Steps, study.News{})
	}
	if kept.Whole {
		return kept.Runs, nil
	}
	f, end, err := e.Open(seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end.Close()) }()
	entries, start, err := e.begin(f)
	if err == nil {
		entries, err = study.Adopt(entries, best)
	}
	if err != nil {
		return nil, err
	}
	for i := range kept.Runs {
		if err := kept.Runs[i].Entry.Bind(entries[i]); err != nil {
			return nil, err
		}
	}
	for _, entry := range entries[len(kept.Runs):] {
		what := fmt.Sprintf("seed %d, %s", seed, entry.Name)
		r, err := study.Train(ctx, f, entry, seed, start, e.Points, func(steps int, logged *train.Entry) { heard(steps, study.News{What: what, Logged: logged}) })
		if err == nil {
			kept.Runs = append(kept.Runs, run{Run: r, Explained: report.Number(math.NaN())})
			err = errors.Join(e.Kept.Save(seedName(seed), kept), finished(kept.Runs))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name, err)
		}
	}
	if err := e.explain(ctx, f, kept.Runs, start); err != nil {
		return nil, fmt.Errorf("drift over an epoch: %w", err)
	}
	kept.Whole = true
	return kept.Runs, e.Kept.Save(seedName(seed), kept)
}

// find is the first run of an optimizer of type O that did not diverge, and that optimizer.
func find[O optim.Optimizer](runs []run) (o O, found bool) {
	for _, r := range runs {
		if o, ok := r.Entry.Optimizer.(O); ok && !r.Diverged {
			return o, true
		}
	}
	return o, false
}

// interval is the mean over seeds of one number of a run, or nil where no run has it or one diverged: a mean over those that did
// not would flatter.
func interval(runs []run, of func(run) float64) *report.Interval {
	var values []float64
	for _, r := range runs {
		if r.Diverged {
			return nil
		}
		if x := of(r); !math.IsNaN(x) {
			values = append(values, x)
		}
	}
	if len(values) == 0 {
		return nil
	}
	v := report.Mean95(values)
	return &v
}
