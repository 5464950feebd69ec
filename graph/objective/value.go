package objective

import (
	"encoding/json"
	"math"
)

// Value is the mean loss over examples, and the share of them whose class has the largest score, NaN for a regression.
type Value struct {
	Loss, Accuracy float64
	Sample         Sample // zero where the examples are all that there are
}

// Sample says how far a Value of n examples may lie from that of all N that they were drawn from, at random and without repetition.
type Sample struct {
	Examples, Of   int     // n and N
	Loss, Accuracy float64 // standard errors, of the first order; NaN where there is no accuracy
}

// valueJSON is a value as JSON has it, null for the accuracy of a regression.
type valueJSON struct {
	Loss     float64     `json:"loss"`
	Accuracy *float64    `json:"accuracy"`
	Sample   *sampleJSON `json:"sample,omitempty"`
}

type sampleJSON struct {
	Examples int      `json:"examples"`
	Of       int      `json:"of"`
	Loss     float64  `json:"loss_se"`
	Accuracy *float64 `json:"accuracy_se"`
}

// MarshalJSON writes the accuracy of a regression as null.
func (v Value) MarshalJSON() ([]byte, error) {
	out := valueJSON{Loss: v.Loss, Accuracy: known(v.Accuracy)}
	if s := v.Sample; s != (Sample{}) {
		out.Sample = &sampleJSON{s.Examples, s.Of, s.Loss, known(s.Accuracy)}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Value) UnmarshalJSON(text []byte) error {
	var in valueJSON
	err := json.Unmarshal(text, &in)
	*v = Value{Loss: in.Loss, Accuracy: orNaN(in.Accuracy)}
	if s := in.Sample; s != nil {
		v.Sample = Sample{s.Examples, s.Of, s.Loss, orNaN(s.Accuracy)}
	}
	return err
}

// known is nil for NaN.
func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

func orNaN(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}
