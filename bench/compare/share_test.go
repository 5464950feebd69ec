package compare

import (
	"encoding/json"
	"math"
	"testing"
)

// A share is the mean over seeds of the roots of squared lengths. Where a square is negative there is no root, and a bound takes its place; the square
// stays as measured.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		squares, deviations []float64
		left                bool
		text, json          string
	}{
		{[]float64{0.01, 0.01}, []float64{0.001, 0.001}, false, "0.9000 ± 0",
			`{"mean":0.9,"ci95":0,"square":{"mean":0.01,"ci95":0},"bound":null}`},
		{[]float64{0.04}, []float64{0.001}, true, "0.2000",
			`{"mean":0.2,"ci95":null,"square":{"mean":0.04,"ci95":0.00196},"bound":null}`},
		{[]float64{-0.03}, []float64{0.0357142857142857}, true, "at most 0.2 (not resolved)", // 1.96 deviations are 0.07
			`{"mean":null,"ci95":null,"square":{"mean":-0.03,"ci95":0.06999999999999998},"bound":0.2}`},
		{[]float64{-0.03}, []float64{0.0357142857142857}, false, "at least 0.8 (not resolved)",
			`{"mean":null,"ci95":null,"square":{"mean":-0.03,"ci95":0.06999999999999998},"bound":0.8}`},
		{[]float64{-0.03}, []float64{math.NaN()}, false, "not resolved",
			`{"mean":null,"ci95":null,"square":{"mean":-0.03,"ci95":null},"bound":null}`},
		{nil, nil, false, "–", `{"mean":null,"ci95":null,"square":{"mean":null,"ci95":null},"bound":null}`},
	} {
		s := newShare(c.squares, c.deviations, c.left)
		if text := s.String(); text != c.text {
			t.Errorf("%v: %s, want %s", c.squares, text, c.text)
		}
		var got, want any
		text, err := json.Marshal(s)
		if err != nil || json.Unmarshal(text, &got) != nil || json.Unmarshal([]byte(c.json), &want) != nil {
			t.Fatal(err, string(text))
		}
		if !near(got, want) {
			t.Errorf("%v: %s, want %s", c.squares, text, c.json)
		}
	}
	s := newShare([]float64{0.04, -0.01, 0.01}, []float64{0.02, 0.02, 0.02}, true)
	if s.Known() || !(s.Bound() > math.Sqrt(0.04)) || !s.Measured() {
		t.Errorf("with one negative square of three: %v", s)
	}
}

// near compares what JSON decodes to, numbers to rounding.
func near(a, b any) bool {
	if x, ok := a.(map[string]any); ok {
		y, ok := b.(map[string]any)
		for k := range x {
			ok = ok && near(x[k], y[k])
		}
		return ok && len(x) == len(y)
	}
	if x, ok := a.(float64); ok {
		y, ok := b.(float64)
		return ok && math.Abs(x-y) < 1e-9
	}
	return a == b
}
