package train

import (
	"encoding/json"
	"math"
)

// Entry is a line of metrics.jsonl. Loss and Accuracy are means over the batches since the line before, each taken before its
// step; the numbers of the test and validation parts are of the parameters after the step, those named se the standard errors of what a
// sample of a part estimates. A regression has no accuracy.
type Entry struct {
	Step          int      `json:"step"`
	Epoch         float64  `json:"epoch"`
	Loss          float64  `json:"loss"`
	Accuracy      *float64 `json:"accuracy,omitempty"`
	TrainLoss     *float64 `json:"train_loss,omitempty"` // over the training part, after the last step
	TestLoss      *float64 `json:"test_loss,omitempty"`
	TestAccuracy  *float64 `json:"test_accuracy,omitempty"`
	ValidLoss     *float64 `json:"valid_loss,omitempty"`
	ValidAccuracy *float64 `json:"valid_accuracy,omitempty"`

	TrainLossError     *float64 `json:"train_loss_se,omitempty"`
	TestLossError      *float64 `json:"test_loss_se,omitempty"`
	TestAccuracyError  *float64 `json:"test_accuracy_se,omitempty"`
	ValidLossError     *float64 `json:"valid_loss_se,omitempty"`
	ValidAccuracyError *float64 `json:"valid_accuracy_se,omitempty"`
	// At the average of the parameters, where the run has one.
	EMATestLoss      *float64 `json:"ema_test_loss,omitempty"`
	EMATestAccuracy  *float64 `json:"ema_test_accuracy,omitempty"`
	EMAValidLoss     *float64 `json:"ema_valid_loss,omitempty"`
	EMAValidAccuracy *float64 `json:"ema_valid_accuracy,omitempty"`

	GradNorm2 float64            `json:"grad_norm2"` // of the last direction: of the batch's gradient, with gd-reg's penalty
	Rate      float64            `json:"lr"`
	Seconds   float64            `json:"seconds"` // in steps
	Numbers   map[string]float64 `json:"-"`       // the direction's own, such as tr_sigma: fields of the line like the others
}

// MarshalJSON writes all numbers into one object, those that are not finite left out.
func (e Entry) MarshalJSON() ([]byte, error) {
	type fields Entry
	line, err := json.Marshal(fields(e))
	numbers := map[string]float64{}
	for name, x := range e.Numbers {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			numbers[name] = x
		}
	}
	if err != nil || len(numbers) == 0 {
		return line, err
	}
	more, err := json.Marshal(numbers)
	return append(append(line[:len(line)-1], ','), more[1:]...), err
}
