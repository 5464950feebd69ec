package theory

import (
	"encoding/json"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/bench/report"
)

// Check is one statement with what it predicted and what was measured. Numbers that do not apply are NaN.
type Check struct {
	Equation string // of the paper, with ◆ where the statement goes beyond it
	Name     string // the statement in words
	// Predicted and Measured are scalars or, for vectors, the length of the prediction and the component of the measurement along it;
	// where an order in η is claimed, at the smallest η that rounding leaves usable.
	Predicted, Measured  float64
	RelativeError        float64 // ‖measured − predicted‖ / ‖predicted‖
	Slope, SlopeExpected float64 // of log ‖measured − predicted‖ in log η
	Z                    float64 // (measured − predicted) / standard error
	Control              bool    // the statement is wrong, and passes if it is rejected
	Pass                 bool
	// Open says that no verdict is possible: rounding and crossed kinks leave too few learning rates for a slope. Pass is false then, of controls too.
	Open      bool
	Note      string  // what was left out, or what follows
	Points    []Point // where an order in η is claimed
	Amplitude bool    // the order is one in the amplitude of the noise, in the place of η
}

// Point is the error of a statement at a learning rate, and the share of it that rounding may account for.
type Point struct {
	Rate     float64 `json:"rate"`
	Error    float64 `json:"error"`
	Rounding float64 `json:"rounding"`
	Used     bool    `json:"used"` // error is far enough above rounding to count
}

// The bounds by which checks are judged.
const (
	exactTolerance    = 1e-10 // of identities: some hundred roundings, amplified by cancellation
	leadingTolerance  = 0.01  // of leading terms at the smallest rate
	slopeTolerance    = 0.1
	acceptedDeviation = 4.0  // standard errors; chance exceeds it once in 16,000 checks
	rejectedDeviation = 10.0 // standard errors that a control must be off by
)

// blank is a check of which nothing is known.
func blank(equation, name string) Check {
	nan := math.NaN()
	return Check{Equation: equation, Name: name, Predicted: nan, Measured: nan, RelativeError: nan, Slope: nan, SlopeExpected: nan, Z: nan}
}

// compare fills in the numbers of a prediction and a measurement.
func (c Check) compare(predicted, measured []float64) Check {
	c.Predicted, c.Measured = predicted[0], measured[0]
	if len(predicted) > 1 {
		c.Predicted = floats.Norm(predicted, 2)
		c.Measured = floats.Dot(predicted, measured) / c.Predicted
	}
	if size := floats.Norm(predicted, 2); size > 0 {
		c.RelativeError = floats.Distance(predicted, measured, 2) / size
	}
	return c
}

// equal judges a statement that holds for every step and every example, up to rounding.
func equal(equation, name string, predicted, measured []float64) Check {
	c := blank(equation, name).compare(predicted, measured)
	c.Pass = c.RelativeError <= exactTolerance
	return c
}

// average judges a statement that holds in the mean over random draws.
func average(equation, name string, predicted float64, e estimate) Check {
	c := blank(equation, name).compare([]float64{predicted}, []float64{e.mean})
	c.Z = (e.mean - predicted) / e.error
	c.Pass = math.Abs(c.Z) <= acceptedDeviation
	return c
}

// control turns the check of a wrong statement around: it passes if the statement is clearly rejected.
func control(name string, c Check) Check {
	c.Name, c.Control = name, true
	c.Pass = !c.Pass && !c.Open
	if !math.IsNaN(c.Z) {
		c.Pass = math.Abs(c.Z) >= rejectedDeviation
	}
	return c
}

// MarshalJSON writes the fields under the names that scripts rely on; what does not apply is null.
func (c Check) MarshalJSON() ([]byte, error) {
	type n = report.Number
	return json.Marshal(struct {
		Equation      string  `json:"equation"`
		Name          string  `json:"name"`
		Predicted     n       `json:"predicted"`
		Measured      n       `json:"measured"`
		RelativeError n       `json:"relative_error"`
		Slope         n       `json:"slope"`
		SlopeExpected n       `json:"slope_expected"`
		Z             n       `json:"z"`
		Control       bool    `json:"control"`
		Pass          bool    `json:"pass"`
		Open          bool    `json:"open,omitempty"`
		Note          string  `json:"note,omitempty"`
		Points        []Point `json:"points,omitempty"`
		Amplitude     bool    `json:"amplitude,omitempty"`
	}{c.Equation, c.Name, n(c.Predicted), n(c.Measured), n(c.RelativeError), n(c.Slope), n(c.SlopeExpected), n(c.Z),
		c.Control, c.Pass, c.Open, c.Note, c.Points, c.Amplitude})
}

// estimate is the mean of independent draws and its standard error.
type estimate struct{ mean, error float64 }

// tally adds draws up (Welford 1962).
type tally struct{ n, mean, squares float64 }

func (t *tally) add(x float64) {
	t.n++
	d := x - t.mean
	t.mean += d / t.n
	t.squares += d * (x - t.mean)
}

func (t *tally) variance() float64 { return t.squares / (t.n - 1) }

func (t *tally) estimate() estimate { return estimate{t.mean, math.Sqrt(t.variance() / t.n)} }
