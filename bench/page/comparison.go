package page

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"drift/bench/compare"
	"drift/bench/report"
	"drift/bench/study"
)

// comparison is what drift compare came to, with its learning curves where they are kept.
type comparison struct {
	result
	Rows        []row `json:"rows"`
	SecondOrder *struct {
		Drift      *report.Interval `json:"drift"`
		Diffusion  *report.Interval `json:"diffusion"`
		Both       *report.Interval `json:"both"`
		AroundMean *report.Interval `json:"around_mean"`
		LeftOdd    *report.Interval `json:"left_odd"`
		LeftEven   *report.Interval `json:"left_even"`
		Kinks      *report.Interval `json:"kinks"`
		HeldBoth   *report.Interval `json:"held_both"`
	} `json:"second_order"`
	Experiment struct {
		Command string         `json:"command"`
		Config  map[string]any `json:"config"`
		Version string         `json:"version"`
		Device  string         `json:"device"`
		Machine *machine       `json:"machine"`
		// Finished is there while the comparison goes on.
		Finished *struct {
			Runs int `json:"runs"`
			Of   int `json:"of"`
		} `json:"finished"`
	} `json:"experiment"`

	config string
	curves []learning
	study  *studied // that the comparison is a task of
}

// row is one optimizer. A number is nil where it does not apply.
type row struct {
	Optimizer string         `json:"optimizer"`
	Settings  map[string]any `json:"settings"`
	Seeds     []uint64       `json:"seeds"`
	Diverged  []uint64       `json:"diverged"`
	compare.Means
}

// learning is one metric of an optimizer along its runs, a value a seed at each step.
type learning struct {
	optimizer, metric string
	steps             []float64 // ascending
	values            [][]float64
}

// readComparison reads a comparison from the text of its file.
func (r *Results) readComparison(from result, file string, text []byte) error {
	c := &comparison{result: from}
	if err := json.Unmarshal(text, c); err != nil {
		return err
	}
	if len(c.Rows) == 0 {
		return errors.New("it has no rows: its comparison has no optimizers")
	}
	var err error
	if c.config, err = configText(c.Experiment.Config); err != nil {
		return err
	}
	if file != from.path { // of a folder
		if err := reading(filepath.Join(filepath.Dir(file), curvesName), c.readCurves); err != nil {
			return err
		}
	}
	r.comparisons = append(r.comparisons, c)
	return nil
}

// configText is settings as --config takes them.
func configText(settings map[string]any) (string, error) {
	var config strings.Builder
	if err := toml.NewEncoder(&config).Encode(whole(settings)); err != nil {
		return "", fmt.Errorf("its settings: %w", err)
	}
	return config.String(), nil
}

// whole are settings with numbers that JSON made floating again as the whole numbers that they were.
func whole(settings map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range settings {
		if x, is := value.(float64); is && x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			value = int64(x)
		}
		if value != nil {
			out[name] = value
		}
	}
	return out
}

// readCurves reads the table of learning curves beside compare.json.
func (c *comparison) readCurves(from io.Reader) error {
	all, err := parseCurves(from, study.CurvesHeader)
	c.curves = all[""]
	return err
}

// parseCurves reads learning curves, by task where the table has that column too.
func parseCurves(from io.Reader, columns []string) (map[string][]learning, error) {
	rows := csv.NewReader(from)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil || !slices.Equal(header, columns) {
		return nil, fmt.Errorf("it does not begin with the columns %s", strings.Join(columns, ","))
	}
	type name struct{ task, optimizer, metric string }
	var order []name
	all := map[name]map[float64][]float64{}
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		task, cells := cells[0], cells[len(cells)-len(study.CurvesHeader):]
		if len(columns) == len(study.CurvesHeader) {
			task = ""
		}
		of := name{strings.Clone(task), strings.Clone(cells[0]), strings.Clone(cells[3])}
		step, err := finite(cells[2])
		value, err2 := finite(cells[4])
		if err := errors.Join(err, err2); err != nil {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("line %d is damaged: %w", line, err)
		}
		if all[of] == nil {
			order, all[of] = append(order, of), map[float64][]float64{}
		}
		all[of][step] = append(all[of][step], value)
	}
	curves := map[string][]learning{}
	for _, of := range order {
		l := learning{optimizer: of.optimizer, metric: of.metric}
		for step := range all[of] {
			l.steps = append(l.steps, step)
		}
		slices.Sort(l.steps)
		for _, step := range l.steps {
			l.values = append(l.values, all[of][step])
		}
		curves[of.task] = append(curves[of.task], l)
	}
	return curves, nil
}

func finite(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%q is no finite number", text)
	}
	return x, nil
}

// computed says in words on what the comparison was computed.
func (c *comparison) computed() string {
	if c.study != nil {
		return c.study.computed()
	}
	if m := c.Experiment.Machine; m != nil {
		return "Computed by " + m.String() + "."
	}
	return fmt.Sprintf("Computed by drift %s on device %s.", c.Experiment.Version, c.Experiment.Device)
}
