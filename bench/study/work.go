package study

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"drift/data"
	"drift/kernels"
	"drift/optim/train"
)

// Options of running a study, on which its results do not depend but for Chunk and the kind of Device.
type Options struct {
	Dir     string                         // cells are kept in Dir/cells; "": nothing is kept
	Version string                         // of the program, the device's kind and whatever else cells of one study must have in common
	Device  func() (kernels.Device, error) // nil: the processor
	DataDir string
	Chunk   int
	Shard   Shard
	Loaded  func(*data.Split) // hears of data that were read
	Observe func(News)        // hears of cells that are done, and what is being done
}

const cellsFolder = "cells"

// News is how far a study or a comparison is.
type News struct {
	Done, Of int    // runs of a study, updates of a comparison
	What     string // what is being done
	Trial    bool   // which is a trial of tuning
	// Logged is the line of the learning curve that has just come, nil for none.
	Logged *train.Entry
}

// Progress is how far the cells of a shard are.
type Progress struct {
	Cells int // of the shard
	Done  int
	// Waiting is those that cannot begin before cells of other shards are done.
	Waiting int
}

// record is a cell that is done.
type record struct {
	Cell string `json:"cell"`
	Data string `json:"data"` // checksum of what it was trained and tested on
	Run  Run    `json:"run"`
	Void bool   `json:"void"` // there was nothing to run: no setting of the optimizer stayed finite
}

// of is the run of a cell with a seed. Where there was nothing to run it counts as one that diverged.
func (r record) of(seed uint64) Run {
	if r.Void {
		return Run{Seed: seed, Diverged: true}
	}
	return r.Run
}

// worker does the cells of a study.
type worker struct {
	Study
	lab   *lab
	store *Store
	all   []cell
	done  map[cell]record
	o     Options
}

func newWorker(s Study, o Options) (*worker, error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	w := &worker{Study: s, lab: &lab{study: s, o: o}, all: s.cells(), done: map[cell]record{}, o: o}
	if o.Dir != "" {
		w.store = NewStore(filepath.Join(o.Dir, cellsFolder), s.fingerprint(o.Version))
	}
	return w, w.store.Make()
}

// Check finds the mistakes of a study before anything is computed or written. It reads the data of the first seed.
func (s Study) Check(o Options) (cells int, err error) {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return 0, err
	}
	return len(s.cells()), (&lab{study: s, o: o}).check()
}

// Run does the cells that are missing, and puts all together.
func (s Study) Run(ctx context.Context, o Options) (*Outcome, error) {
	o.Shard = Shard{}
	w, err := newWorker(s, o)
	if err != nil {
		return nil, err
	}
	if _, err := w.work(ctx); err != nil {
		return nil, err
	}
	return w.outcome()
}

// RunShard does the cells of a shard that are missing and can be done: those that follow from trials of other shards wait for them.
func (s Study) RunShard(ctx context.Context, o Options) (Progress, error) {
	w, err := newWorker(s, o)
	if err != nil {
		return Progress{}, err
	}
	return w.work(ctx)
}

func (w *worker) work(ctx context.Context) (p Progress, err error) {
	defer func() { err = errors.Join(err, w.lab.close()) }()
	for i := range w.all {
		if w.o.Shard.Has(i) {
			p.Cells++
		}
	}
	for i, c := range w.all {
		if !w.o.Shard.Has(i) {
			continue
		}
		ready, err := w.do(ctx, c, p)
		if err != nil {
			return p, fmt.Errorf("%s: %w", w.words(c), err)
		}
		if ready {
			p.Done++
		} else {
			p.Waiting++
		}
	}
	return p, nil
}

// do does a cell, unless it is done. It reports false where what it follows from is not there yet.
func (w *worker) do(ctx context.Context, c cell, p Progress) (ready bool, err error) {
	w.observe(p, c, nil)
	if _, found, err := w.get(c); found || err != nil {
		return true, err
	}
	entry, ready, err := w.entry(c)
	if err != nil || !ready {
		return false, err
	}
	r := record{Cell: w.words(c), Void: entry.Optimizer == nil}
	if !r.Void {
		if r, err = w.train(ctx, c, entry, p); err != nil {
			return false, err
		}
	}
	if err := w.store.Save(w.file(c), r); err != nil {
		return false, err
	}
	w.done[c] = r
	return true, nil
}

func (w *worker) observe(p Progress, c cell, logged *train.Entry) {
	if w.o.Observe != nil {
		w.o.Observe(News{p.Done + p.Waiting, p.Cells, w.words(c), c.stage != finalStage, logged})
	}
}

func (w *worker) train(ctx context.Context, c cell, entry Entry, p Progress) (record, error) {
	r := record{Cell: w.words(c)}
	if ctx.Err() != nil {
		return r, train.ErrInterrupted
	}
	if err := w.lab.load(problemKey{c.task, c.seed, c.stage != finalStage}); err != nil {
		return r, err
	}
	r.Data = w.lab.sum
	f, start, err := w.lab.place(c.seed)
	if err != nil {
		return r, err
	}
	defer f.Close()
	entry.Steps, err = w.Tasks[c.task].Budget.steps(ctx, f, entry.Optimizer, c.seed, start)
	if err != nil && !train.Diverged(err) {
		return r, err
	}
	points := w.Points
	if c.stage != finalStage {
		points = 1
	}
	r.Run, err = Train(ctx, f, entry, c.seed, start, points, func(_ int, logged *train.Entry) { w.observe(p, c, logged) })
	return r, err
}

// get is a cell that is done, here or by another process.
func (w *worker) get(c cell) (record, bool, error) {
	if r, known := w.done[c]; known {
		return r, true, nil
	}
	var r record
	found, err := w.store.Load(w.file(c), &r)
	if err != nil || !found {
		return r, false, err
	}
	if !r.Void {
		o := w.Optimizers[c.optimizer]
		if err := r.Run.Entry.Bind(Entry{Name: o.Name, Optimizer: o.Optimizer}); err != nil {
			return r, false, fmt.Errorf("reading what is finished from %s: %w", w.file(c), err)
		}
	}
	w.done[c] = r
	return r, true, nil
}

// entry is the optimizer of a cell: the study's, a trial's or the chosen one. Its value is nil where tuning left none.
func (w *worker) entry(c cell) (e Entry, ready bool, err error) {
	o := w.Optimizers[c.optimizer]
	e = Entry{Name: o.Name, Optimizer: o.Optimizer}
	switch {
	case c.stage == trialStage:
		e.Optimizer, err = o.trial(c.number, w.Tuning.Seed)
		return e, true, err
	case !w.tuned(c.optimizer):
		return e, true, nil
	}
	search, ready, err := w.search(c.task, c.optimizer, c.stage == finalStage)
	if err != nil || !ready {
		return e, false, err
	}
	number := search.Chosen
	if c.stage == finalistStage {
		if number = -1; c.number < len(search.Finalists) {
			number = search.Finalists[c.number].Trial
		}
	}
	if e.Optimizer = nil; number >= 0 {
		e.Optimizer, err = o.trial(number, w.Tuning.Seed)
	}
	return e, true, err
}
