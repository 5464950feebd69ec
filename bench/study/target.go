package study

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"drift/optim/train"
)

// Target is a number of the test part that runs are to reach: "accuracy >= 0.9", "loss <= 0.4".
type Target struct {
	Metric string // "accuracy" or "loss"
	Value  float64
}

func (t Target) String() string {
	sign := "<="
	if t.Metric == accuracyName {
		sign = ">="
	}
	return fmt.Sprintf("%s %s %v", t.Metric, sign, t.Value)
}

// MarshalText writes the target as it is read.
func (t Target) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads it.
func (t *Target) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTarget(string(text))
	return err
}

const (
	accuracyName = "accuracy"
	lossName     = "loss"
)

// ParseTarget reads "accuracy >= 0.9" or "loss <= 0.4"; ≥ and ≤ stand for the same.
func ParseTarget(text string) (Target, error) {
	wrong := func(why string) (Target, error) {
		return Target{}, fmt.Errorf("target %q: %s: give one such as %q or %q", text, why, "accuracy >= 0.9", "loss <= 0.4")
	}
	s := strings.NewReplacer("≥", ">=", "≤", "<=").Replace(text)
	sign := ">="
	metric, number, found := strings.Cut(s, sign)
	if !found {
		sign = "<="
		metric, number, found = strings.Cut(s, sign)
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	metric = strings.TrimSpace(metric)
	switch {
	case !found || err != nil || notFinite(value):
		return wrong("it is no comparison of a metric with a finite number")
	case metric != accuracyName && metric != lossName:
		return wrong(fmt.Sprintf("unknown metric %q", metric))
	case metric == accuracyName && sign == "<=" || metric == lossName && sign == ">=":
		return wrong("accuracy rises and loss falls")
	case metric == accuracyName && (value <= 0 || value > 1):
		return wrong("an accuracy lies between 0 and 1")
	}
	return Target{metric, value}, nil
}

// met reports whether a point of a learning curve reaches the target.
func (t Target) met(e train.Entry) bool {
	if t.Metric == accuracyName {
		return e.TestAccuracy != nil && *e.TestAccuracy >= t.Value
	}
	return e.TestLoss != nil && *e.TestLoss <= t.Value
}

// reach is what a run took to a target: to the first point of its learning curve that meets it.
type reach struct{ Updates, Gradients, Seconds float64 }

// never is the reach of a run that missed a target.
var never = reach{math.Inf(1), math.Inf(1), math.Inf(1)}

func (t Target) reach(r Run) reach {
	for i, e := range r.Entries {
		if t.met(e) && i < len(r.Costs) {
			return reach{float64(e.Step), r.Costs[i], e.Seconds}
		}
	}
	return never
}
