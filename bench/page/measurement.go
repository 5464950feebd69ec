package page

import (
	"encoding/json"
	"errors"
	"fmt"

	"gonum.org/v1/gonum/floats"
)

// measurement is what drift measure found at some weights.
type measurement struct {
	result
	Examples           int       `json:"examples"`
	Parameters         int       `json:"parameters"`
	Loss               float64   `json:"loss"`
	GradNorm2          float64   `json:"grad_norm2"`
	TraceSigma         float64   `json:"tr_sigma"`
	TraceGradientNorm2 float64   `json:"grad_tr_sigma_norm2"`
	NoiseScale         *float64  `json:"noise_scale"`
	NoiseScaleUnbiased *float64  `json:"noise_scale_unbiased"`
	Eigenvalues        []float64 `json:"sigma_eigenvalues"`
	Density            *density  `json:"sigma_density"`
	HessianEigenvalues []float64 `json:"hessian_eigenvalues"`
	HessianDensity     *density  `json:"hessian_density"`
	HessianTrace       *float64  `json:"hessian_trace"`
	HessianTraceError  *float64  `json:"hessian_trace_error"`
	Layers             []layer   `json:"layers"`
	Overlap            *overlap  `json:"overlap"`
}

// overlap is how far the leading eigenvectors of Σ and of the Hessian span the same space.
type overlap struct {
	Dimension int         `json:"dimension"`
	Share     float64     `json:"share"`
	Cosines2  [][]float64 `json:"cosines2"`
}

// inHessian is the share of each of Σ's eigenvectors that lies in the Hessian's leading space.
func (m *measurement) inHessian() (shares []float64) {
	if m.Overlap == nil {
		return nil
	}
	for _, row := range m.Overlap.Cosines2 {
		shares = append(shares, floats.Sum(row))
	}
	return shares
}

// layer is the share of a measurement that falls to one parameter tensor.
type layer struct {
	Name       string   `json:"name"`
	Elements   int      `json:"elements"`
	TraceSigma float64  `json:"tr_sigma"`
	GradNorm2  float64  `json:"grad_norm2"`
	NoiseScale *float64 `json:"noise_scale"`
}

// density is a spectrum as weights at values, which sum to 1.
type density struct {
	Values  []float64 `json:"values"`
	Weights []float64 `json:"weights"`
}

func (r *Results) readMeasurement(from result, text []byte) error {
	m := &measurement{result: from}
	if err := json.Unmarshal(text, m); err != nil {
		return err
	}
	for _, d := range []*density{m.Density, m.HessianDensity} {
		if d != nil && len(d.Values) != len(d.Weights) {
			return fmt.Errorf("a spectral density has %d values and %d weights", len(d.Values), len(d.Weights))
		}
	}
	r.measurements = append(r.measurements, m)
	return nil
}

// verification is what drift verify found.
type verification struct {
	result
	Checks []check `json:"checks"`
	Data   string  `json:"data"`
	Model  string  `json:"model"`
	Seed   uint64  `json:"seed"`
	Along  *struct {
		Stages []stage `json:"stages"`
	} `json:"along"`
}

// check is a statement of the theory. A number that does not apply is NaN.
type check struct {
	Equation      string   `json:"equation"`
	Name          string   `json:"name"`
	Predicted     *float64 `json:"predicted"`
	Measured      *float64 `json:"measured"`
	RelativeError *float64 `json:"relative_error"`
	Slope         *float64 `json:"slope"`
	SlopeExpected *float64 `json:"slope_expected"`
	Z             *float64 `json:"z"`
	Control       bool     `json:"control"`
	Pass          bool     `json:"pass"`
}

// stage is an epoch of the run that the checks followed.
type stage struct {
	Step              float64  `json:"step"`
	GapDriftPredicted *float64 `json:"gap_drift_predicted"`
	GapDriftTrace     *float64 `json:"gap_drift_tr_sigma"`
	GapDriftMeasured  *float64 `json:"gap_drift_measured"`
	DriftExplained    *float64 `json:"drift_explained"`
}

func (r *Results) readVerification(from result, text []byte) error {
	v := &verification{result: from}
	if err := json.Unmarshal(text, v); err != nil {
		return err
	}
	if len(v.Checks) == 0 {
		return errors.New("it has no checks")
	}
	r.verifications = append(r.verifications, v)
	return nil
}
