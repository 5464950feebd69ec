package page

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"drift/bench/compare"
	"drift/bench/report"
	"drift/bench/study"
)

// studied is what drift study came to. Each of its tasks is a comparison on the page.
type studied struct {
	result
	study.Outcome
	file    string // the study's own
	seconds *report.Table
	first   int // its first comparison
}

const secondsName = "seconds.csv"

// taskCurvesHeader is the columns of a study's learning curves.
var taskCurvesHeader = append([]string{"task"}, study.CurvesHeader...)

func (r *Results) readStudy(from result, text []byte) error {
	s := &studied{result: from, first: len(r.comparisons)}
	if err := json.Unmarshal(text, &s.Outcome); err != nil {
		return err
	}
	curves, err := s.readFolder()
	if err != nil {
		return err
	}
	return r.addStudy(s, curves)
}

// readUnfinished reads the folder of a study that goes on.
func (r *Results) readUnfinished(from result) error {
	outcome, err := study.SoFar(from.path)
	if err != nil {
		return err
	}
	s := &studied{result: from, first: len(r.comparisons), Outcome: *outcome}
	if _, err := s.readFolder(); err != nil { // without curves: they are written at the end
		return err
	}
	var text bytes.Buffer
	if err := outcome.Curves().WriteCSV(&text); err != nil {
		return err
	}
	curves, err := parseCurves(&text, taskCurvesHeader)
	if err != nil {
		return err
	}
	return r.addStudy(s, curves)
}

// addStudy adds a study, and each of its tasks as a comparison.
func (r *Results) addStudy(s *studied, curves map[string][]learning) error {
	if len(s.Tasks) == 0 || len(s.Tasks[0].Rows) == 0 {
		return errors.New("it has no tasks or no optimizers")
	}
	if s.Profile != nil && len(s.Profile.Curves) != len(s.Tasks[0].Rows) {
		return errors.New("its performance profile has other optimizers than its tasks")
	}
	r.studies = append(r.studies, s)
	for _, t := range s.Tasks {
		c := &comparison{result: result{s.path, s.name + ", " + t.Task}, study: s, curves: curves[t.Task]}
		if len(t.Rows) != len(s.Tasks[0].Rows) {
			return fmt.Errorf("its task %q has other optimizers than the first", t.Task)
		}
		c.Experiment.Config = map[string]any{"data": t.Data, "model": t.Model, "budget": t.Budget.String(), "dtype": s.DType, "seeds": len(s.Seeds)}
		for _, of := range t.Rows {
			c.Rows = append(c.Rows, row{Optimizer: of.Optimizer, Seeds: of.Seeds, Diverged: of.Diverged, Means: compare.Means{Means: of.Means}})
		}
		r.comparisons = append(r.comparisons, c)
	}
	return nil
}

// readFolder reads what stands beside study.json, as far as it is there: the curves by task, the seconds and the study's file.
func (s *studied) readFolder() (curves map[string][]learning, err error) {
	folder := s.path
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, err
	}
	err = reading(filepath.Join(folder, curvesName), func(f io.Reader) error {
		curves, err = parseCurves(f, taskCurvesHeader)
		return err
	})
	if err == nil {
		err = reading(filepath.Join(folder, study.FileName), func(f io.Reader) error {
			text, err := io.ReadAll(f)
			s.file = string(text)
			return err
		})
	}
	if err == nil {
		err = reading(filepath.Join(folder, secondsName), s.readSeconds)
	}
	return curves, err
}

// reading passes on a file, if there is one.
func reading(path string, use func(io.Reader) error) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := use(f); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// readSeconds makes a table of the mean seconds to the end of a run and to each target.
func (s *studied) readSeconds(f io.Reader) error {
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return err
	}
	if len(rows) == 0 || strings.Join(rows[0], ",") != "task,optimizer,seed,to,seconds" {
		return errors.New("it does not begin with the columns task,optimizer,seed,to,seconds")
	}
	type name struct{ task, optimizer, to string }
	var order []name
	all := map[name][]float64{}
	for _, cells := range rows[1:] {
		of := name{cells[0], cells[1], cells[3]}
		if _, known := all[of]; !known {
			order, all[of] = append(order, of), nil
		}
		if x, err := strconv.ParseFloat(cells[4], 64); err == nil {
			all[of] = append(all[of], x)
		}
	}
	s.seconds = &report.Table{Header: []string{"task", "optimizer", "to", "runs", "seconds"}, Left: 3}
	for _, of := range order {
		s.seconds.Add(of.task, of.optimizer, of.to, strconv.Itoa(len(all[of])), report.Mean95(all[of]).String())
	}
	return nil
}

// tables are the study's own, and the seconds.
func (s *studied) tables() (all []table) {
	for _, t := range s.Tables {
		if t.Table != nil {
			all = append(all, fromReport(t.Title, t.Table))
		}
	}
	if s.seconds != nil {
		all = append(all, fromReport(s.name+": seconds of training, mean over the runs that came there", s.seconds))
	}
	return all
}

func fromReport(title string, t *report.Table) table {
	out := table{Title: title, Header: t.Header}
	for _, cells := range t.Rows {
		row := make([]cell, len(t.Header))
		for i := range row {
			if i < len(cells) {
				row[i] = cell{Text: cells[i], Number: i >= t.Left}
			}
			if row[i].Number {
				row[i].Key = leading(row[i].Text)
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// leading is the number that a cell begins with, by which it is sorted.
func leading(text string) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(text, "<"), " ")
	x, err := strconv.ParseFloat(strings.ReplaceAll(strings.ReplaceAll(word, ",", ""), "−", "-"), 64)
	if err != nil {
		return ""
	}
	return key(x)
}

// computed says on what the study was computed, nothing before its end.
func (s *studied) computed() string {
	if s.ComputedBy == "" {
		return ""
	}
	return "Computed by drift " + s.ComputedBy + "."
}

func (s *studied) words() string {
	var tasks []string
	for _, t := range s.Tasks {
		tasks = append(tasks, t.Task)
	}
	text := fmt.Sprintf("A study of %s on %s (%s) over %s. %s", count(len(s.Tasks[0].Rows), "optimizer"), count(len(tasks), "task"), strings.Join(tasks, ", "),
		count(len(s.Seeds), "seed"), s.Description)
	if f := s.Finished; f != nil {
		text += fmt.Sprintf(" It has not ended: %d of %s are finished, those of tuning included.", f.Runs, count(f.Of, "run"))
	}
	return strings.TrimSpace(text + " " + strings.Join(s.Warnings, " "))
}

// profiles are the performance profiles of studies.
func (r *Results) profiles(l legend) (charts []*chart) {
	for _, s := range r.studies {
		p := s.Profile
		if p == nil {
			continue
		}
		c := &chart{Title: "Performance profile, " + s.name, XLabel: p.Unit + " over the least of any optimizer", LogX: true,
			Note: fmt.Sprintf("The share of %s that the median run reaches within this multiple of the least cost.", count(len(p.Problems), "target"))}
		for _, panel := range p.Figure().Panels {
			for k, of := range panel.Curves {
				out := &curve{Series: l.comparisons[s.first] + k, Kind: line}
				for i, x := range of.X {
					if !math.IsNaN(of.Y[i].Mean) {
						out.X, out.Y = append(out.X, x), append(out.Y, of.Y[i].Mean)
					}
				}
				c.Curves = append(c.Curves, out)
			}
		}
		c.Curves = slices.DeleteFunc(c.Curves, func(of *curve) bool { return len(of.X) == 0 })
		charts = append(charts, c)
	}
	return charts
}
