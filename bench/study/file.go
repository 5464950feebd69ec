package study

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"drift/kernels"
	"drift/optim"
	"drift/optim/options"
)

// FileName is the study's file in the folder of its results, from which it is resumed.
const FileName = "study.toml"

// LargestFile is the size in bytes beyond which a file is no study.
const LargestFile = 1 << 20

// file is a study as TOML has it.
type file struct {
	Name        string          `toml:"name"`
	Description string          `toml:"description"`
	Seeds       any             `toml:"seeds"`
	DType       string          `toml:"dtype"`
	Points      int             `toml:"points"`
	Reference   string          `toml:"reference"`
	Targets     []string        `toml:"targets"`
	Budget      *Budget         `toml:"budget"`
	Tuning      *fileTuning     `toml:"tuning"`
	Tasks       []fileTask      `toml:"task"`
	Optimizers  []fileOptimizer `toml:"optimizer"`
}

type fileTuning struct {
	Trials    int    `toml:"trials"`
	Finalists int    `toml:"finalists"`
	Again     int    `toml:"again"`
	Seed      uint64 `toml:"seed"`
}

type fileTask struct {
	Name    string   `toml:"name"`
	Data    string   `toml:"data"`
	Model   string   `toml:"model"`
	Budget  *Budget  `toml:"budget"`
	Targets []string `toml:"targets"`
}

type fileOptimizer struct {
	Name     string         `toml:"name"`
	Type     string         `toml:"type"`
	Settings map[string]any `toml:"settings"`
	Search   map[string]any `toml:"search"`
	Tune     *bool          `toml:"tune"`
}

// Parse reads a study. name is what errors call the file. Errors say in which line they are.
func Parse(name, text string) (Study, error) {
	s := Study{source: name, places: findPlaces(text)}
	var f file
	meta, err := toml.Decode(text, &f)
	if err != nil {
		var wrong toml.ParseError
		if errors.As(err, &wrong) {
			return s, FileError{name, wrong.Position.Line, errors.New(wrong.Message)}
		}
		return s, FileError{name, 0, err}
	}
	unknown := slices.DeleteFunc(meta.Undecoded(), func(k toml.Key) bool { return len(k) > 3 && k[1] == "search" }) // looked at below
	if len(unknown) > 0 {
		path := []string(unknown[0])
		return s, FileError{name, s.places.key(path), fmt.Errorf("%s means nothing in a study: leave it out", strings.Join(path, "."))}
	}
	if s.Name = f.Name; s.Name == "" {
		s.Name = "study"
	}
	s.Description, s.Points, s.Reference = f.Description, f.Points, f.Reference
	if s.DType, err = parseDType(f.DType); err != nil {
		return s, s.at(err, "dtype")
	}
	if s.Seeds, err = parseSeeds(f.Seeds); err != nil {
		return s, s.at(err, "seeds")
	}
	if t := f.Tuning; t != nil {
		s.Tuning = Tuning{t.Trials, t.Finalists, t.Again, t.Seed}
		if t.Trials < 1 || t.Finalists < 0 || t.Again < 0 {
			return s, s.at(errors.New("tuning: give trials of at least 1, and finalists and again above 0 or not at all"), "tuning")
		}
	}
	if err := s.addTasks(f); err != nil {
		return s, err
	}
	for i, o := range f.Optimizers {
		if err := s.addOptimizer(i, o); err != nil {
			return s, err
		}
	}
	s = s.withDefaults()
	return s, s.check()
}

func parseDType(text string) (kernels.DType, error) {
	if text == "" {
		return kernels.Float32, nil
	}
	return kernels.ParseDType(text)
}

// mostSeeds is more than any study has time for.
const mostSeeds = 100_000

// parseSeeds reads a number of seeds, counted from 1, or a list of them.
func parseSeeds(x any) (seeds []uint64, err error) {
	wrong := errors.New("seeds: give how many, from 1 on, such as 5, or a list such as [1, 2, 3]")
	switch x := x.(type) {
	case nil:
		return []uint64{1, 2, 3, 4, 5}, nil
	case int64:
		if x < 1 || x > mostSeeds {
			return nil, wrong
		}
		for i := range x {
			seeds = append(seeds, uint64(i)+1)
		}
		return seeds, nil
	case []any:
		for _, item := range x {
			n, whole := item.(int64)
			if !whole || n < 0 {
				return nil, wrong
			}
			seeds = append(seeds, uint64(n))
		}
		return seeds, nil
	}
	return nil, wrong
}

func (s *Study) addTasks(f file) error {
	common, err := parseTargets(f.Targets)
	if err != nil {
		return s.at(err, "targets")
	}
	if f.Budget != nil {
		if err := f.Budget.check(); err != nil {
			return s.at(err, "budget")
		}
	}
	for i, t := range f.Tasks {
		at := place("task", i)
		for _, part := range [][2]string{{"name", t.Name}, {"data", t.Data}, {"model", t.Model}} {
			if part[1] == "" {
				return s.at(fmt.Errorf("task %q has no %s: give name, data and model", t.Name, part[0]), at)
			}
		}
		task := Task{Name: t.Name, Data: t.Data, Model: t.Model}
		own, err := parseTargets(t.Targets)
		if err != nil {
			return s.at(fmt.Errorf("task %q: %w", t.Name, err), at, "targets")
		}
		task.Targets = append(own, common...)
		if b := t.Budget; b != nil {
			task.Budget = *b
		} else if f.Budget != nil {
			task.Budget = *f.Budget
		}
		s.Tasks = append(s.Tasks, task)
	}
	return nil
}

func parseTargets(texts []string) (targets []Target, err error) {
	for _, text := range texts {
		t, err := ParseTarget(text)
		if err != nil {
			return nil, err
		}
		if slices.Contains(targets, t) {
			return nil, fmt.Errorf("target %q is there twice", text)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func (s *Study) addOptimizer(i int, f fileOptimizer) error {
	at := place("optimizer", i)
	kind := f.Type
	if kind == "" {
		return s.at(errors.New("an optimizer has no type: give one of "+strings.Join(optim.Names(), ", ")), at)
	}
	o := Optimizer{Name: f.Name, Fixed: f.Tune != nil && !*f.Tune}
	if o.Name == "" {
		o.Name = kind
	}
	found := false
	if o.Optimizer, found = optim.Lookup(kind); !found {
		return s.at(fmt.Errorf("optimizer %q: unknown type %q: choose one of %s", o.Name, kind, strings.Join(optim.Names(), ", ")), at, "type")
	}
	for _, key := range slices.Sorted(maps.Keys(f.Settings)) {
		var err error
		if o.Optimizer, err = set(o.Optimizer, kind, key, f.Settings[key]); err != nil {
			return s.at(fmt.Errorf("optimizer %q: settings: %w", o.Name, err), at, "settings", key)
		}
	}
	if f.Search != nil {
		o.Space = []Dimension{}
	}
	for _, key := range slices.Sorted(maps.Keys(f.Search)) {
		d, err := dimension(o.Optimizer, kind, key, f.Search[key])
		if err != nil {
			return s.at(fmt.Errorf("optimizer %q: search: %w", o.Name, err), at, "search", key)
		}
		if _, set := f.Settings[key]; set {
			return s.at(fmt.Errorf("optimizer %q: %s is set and searched: leave one out", o.Name, key), at, "settings", key)
		}
		o.Space = append(o.Space, d)
	}
	s.Optimizers = append(s.Optimizers, o)
	return nil
}

// set gives an option the value of a file. Both lr_min and lr-min name an option.
func set(o optim.Optimizer, kind, key string, value any) (optim.Optimizer, error) {
	name, err := option(o, kind, key)
	if err != nil {
		return o, err
	}
	switch value.(type) {
	case string, bool, int64, float64:
		return options.Set(o, name, fmt.Sprint(value))
	}
	return o, fmt.Errorf("%s: got %v: give a number, a word, true or false", key, value)
}

func option(o optim.Optimizer, kind, key string) (name string, err error) {
	name = strings.ReplaceAll(key, "-", "_")
	if options.Has(o, name) {
		return name, nil
	}
	var known []string
	for _, f := range options.Of(o) {
		known = append(known, f.Name)
	}
	return "", fmt.Errorf("%s has no option %q: choose one of %s", kind, key, strings.Join(known, ", "))
}

// dimension reads [low, high], {low, high, scale}, or a list of words or numbers: {choose = [8, 16, 32]}, ["constant", "cosine"].
func dimension(o optim.Optimizer, kind, key string, value any) (d Dimension, err error) {
	if d.Name, err = option(o, kind, key); err != nil {
		return d, err
	}
	f, _ := options.Find(o, d.Name)
	d.whole = f.Kind == options.Int
	wrong := fmt.Errorf("%s: got %v: give [low, high], {low, high, scale = \"log\", \"linear\" or \"complement\"}, or {choose = [a, b, c]}", key, value)
	switch x := value.(type) {
	case []any:
		if d.Choices = words(x); len(x) == 2 && numeric(x[0]) && numeric(x[1]) {
			d.Choices, d.Low, d.High = nil, number(x[0]), number(x[1])
			break
		}
	case map[string]any:
		for name, item := range x {
			switch list, isList := item.([]any); {
			case name == "choose" && isList && len(x) == 1:
				d.Choices = words(list)
			case name == "low" && numeric(item):
				d.Low = number(item)
			case name == "high" && numeric(item):
				d.High = number(item)
			case name == "scale":
				d.Scale = Scale(fmt.Sprint(item))
			default:
				return d, wrong
			}
		}
	default:
		return d, wrong
	}
	if d.Choices != nil {
		return d, d.checkChoices(o, wrong)
	}
	return d, d.checkSpan(key)
}

func (d Dimension) checkChoices(o optim.Optimizer, wrong error) error {
	if len(d.Choices) == 0 {
		return wrong
	}
	for _, text := range d.Choices {
		if _, err := options.Set(o, d.Name, text); err != nil {
			return err
		}
	}
	return nil
}

func (d Dimension) checkSpan(key string) error {
	switch {
	case !(d.Low < d.High) || math.IsInf(d.Low, 0) || math.IsInf(d.High, 0):
		return fmt.Errorf("%s: the span from %v to %v is empty: give low < high", key, d.Low, d.High)
	case d.whole && math.Floor(d.High) <= math.Ceil(d.Low):
		return fmt.Errorf("%s: the span from %v to %v has no two whole numbers: give a wider one", key, d.Low, d.High)
	case (d.Scale == Log || d.Scale == "") && d.Low <= 0:
		return fmt.Errorf("%s: a span from %v on has no logarithms: begin above 0, or give scale = \"linear\"", key, d.Low)
	case d.Scale == Complement && (d.Low < 0 || d.High >= 1):
		return fmt.Errorf("%s: scale complement takes a span within 0 and 1, 1 left out", key)
	case !slices.Contains([]Scale{"", Log, Linear, Complement}, d.Scale):
		return fmt.Errorf("%s: unknown scale %q: choose one of log, linear, complement", key, d.Scale)
	}
	return nil
}

func words(list []any) []string {
	out := []string{}
	for _, item := range list {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

func numeric(x any) bool { _, whole := x.(int64); _, real := x.(float64); return whole || real }

func number(x any) float64 {
	if n, whole := x.(int64); whole {
		return float64(n)
	}
	return x.(float64)
}
