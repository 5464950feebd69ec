package study

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"drift/bench/report"
)

// Finished is how many runs of a study are done, those of tuning included.
type Finished struct {
	Runs int `json:"runs"`
	Of   int `json:"of"`
}

// Unfinished reports whether a folder holds a study whose results are not written.
func Unfinished(folder string) bool {
	there := func(name string) bool { _, err := os.Stat(filepath.Join(folder, name)); return err == nil }
	return there(FileName) && there(cellsFolder) && !there(resultsName)
}

// SoFar is what the runs in a study's folder come to that are done, while it goes on in this process or in others. It only reads. Rows have the
// seeds that are done and their means over them; differences, costs of targets and profiles wait for the end.
func SoFar(folder string) (*Outcome, error) {
	s, err := read(filepath.Join(folder, FileName))
	if err != nil {
		return nil, err
	}
	w := &worker{Study: s, store: NewStore(filepath.Join(folder, cellsFolder), anyExperiment), all: s.cells(), done: map[cell]record{}}
	o := &Outcome{Study: s.Name, Description: s.Description, Seeds: s.Seeds, Reference: s.Reference, DType: fmt.Sprint(s.DType), Finished: &Finished{Of: len(w.all)}}
	for _, c := range w.all {
		if _, _, err := w.get(c); err != nil {
			return nil, err
		}
	}
	o.Finished.Runs = len(w.done)
	for t := range s.Tasks {
		task := w.taskSoFar(t)
		o.Tasks = append(o.Tasks, task)
		o.Tables = append(o.Tables, Titled{task.title(s.Seeds), task.table()})
	}
	o.Tables = append(o.Tables, Titled{"Runs that are done", w.progressTable()})
	return o, nil
}

// read is the study of a file.
func read(path string) (Study, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Study{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > LargestFile {
		return Study{}, errors.New("it is no file of a study")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Study{}, err
	}
	return Parse(FileName, string(text))
}

// taskSoFar is a task as far as it is done.
func (w *worker) taskSoFar(t int) TaskOutcome {
	out := w.grouped(t)
	for _, g := range out.groups {
		row := Row{Optimizer: g.Name}
		if len(g.Runs) > 0 {
			row = out.row(g)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// progressTable counts the runs that are done by task and optimizer, with the least loss that tuning has come to.
func (w *worker) progressTable() *report.Table {
	t := &report.Table{Header: []string{"task", "optimizer", "trials", "least validation loss", "finalists", "runs"}, Left: 2}
	type key struct{ task, optimizer int }
	done, all, least := map[key]map[stage]int{}, map[key]map[stage]int{}, map[key]float64{}
	for _, c := range w.all {
		k := key{c.task, c.optimizer}
		if all[k] == nil {
			done[k], all[k], least[k] = map[stage]int{}, map[stage]int{}, math.Inf(1)
		}
		all[k][c.stage]++
		r, is := w.done[c]
		if !is {
			continue
		}
		done[k][c.stage]++
		if c.stage == trialStage && !notFinite(r.Run.TestLoss()) {
			least[k] = min(least[k], r.Run.TestLoss())
		}
	}
	for i, task := range w.Tasks {
		for j, o := range w.Optimizers {
			k := key{i, j}
			loss := "–"
			if !notFinite(least[k]) {
				loss = report.Format(least[k])
			}
			cells := []string{task.Name, o.Name}
			for _, s := range []stage{trialStage, finalistStage, finalStage} {
				cells = append(cells, fmt.Sprintf("%d of %d", done[k][s], all[k][s]))
				if s == trialStage {
					cells = append(cells, loss)
				}
			}
			t.Add(cells...)
		}
	}
	return t
}
