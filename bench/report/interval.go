package report

import (
	"encoding/json"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is a mean with the half width of its 95 % confidence interval. CI95 is NaN where one value was all there was.
type Interval struct{ Mean, CI95 float64 }

// Known reports whether there is a mean.
func (v Interval) Known() bool { return !math.IsNaN(v.Mean) }

// Mean95 is the mean of independent values and t·s/√n, where s is their sample standard deviation and t the 97.5 %
// quantile of Student's distribution with n−1 degrees of freedom: the interval covers the true mean in 95 % of
// experiments when the values are normal. No values give NaN, one value a CI95 of NaN.
func Mean95(values []float64) Interval {
	n := float64(len(values))
	if n == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	mean, sd := stat.MeanStdDev(values, nil)
	if n == 1 {
		return Interval{mean, math.NaN()}
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
	return Interval{mean, t * sd / math.Sqrt(n)}
}

// MarshalJSON writes {"mean": …, "ci95": …}; JSON has no NaN, so a number that is not finite becomes null.
func (v Interval) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Mean Number `json:"mean"`
		CI95 Number `json:"ci95"`
	}{Number(v.Mean), Number(v.CI95)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Interval) UnmarshalJSON(b []byte) error {
	var raw struct {
		Mean Number `json:"mean"`
		CI95 Number `json:"ci95"`
	}
	err := json.Unmarshal(b, &raw)
	*v = Interval{float64(raw.Mean), float64(raw.CI95)}
	return err
}

// Number is a float64 that JSON shows as null when it is not finite.
type Number float64

func (x Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

func (x *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*x = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(x))
}
