package page

import (
	"encoding/json"
	"errors"
	"fmt"

	"drift/graph/sigma"
)

// measurement is what drift measure found at some weights.
type measurement struct {
	result
	Examples           int            `json:"examples"`
	Parameters         int            `json:"parameters"`
	Loss               float64        `json:"loss"`
	GradNorm2          float64        `json:"grad_norm2"`
	TraceSigma         float64        `json:"tr_sigma"`
	TraceGradientNorm2 float64        `json:"grad_tr_sigma_norm2"`
	NoiseScale         *float64       `json:"noise_scale"`
	NoiseScaleUnbiased *float64       `json:"noise_scale_unbiased"`
	Eigenvalues        []float64      `json:"sigma_eigenvalues"`
	Density            *sigma.Density `json:"sigma_density"`
	HessianEigenvalues []float64      `json:"hessian_eigenvalues"`
	HessianDensity     *sigma.Density `json:"hessian_density"`
	HessianTrace       *float64       `json:"hessian_trace"`
	HessianTraceError  *float64       `json:"hessian_trace_error"`
	Layers             []sigma.Layer  `json:"layers"`
	Overlap            *sigma.Overlap `json:"overlap"`
	Data               string         `json:"data"`
	Model              string         `json:"model"`
	Part               string         `json:"part"`
	repeatable
}

// repeatable is what a measurement or a verification says of how it was computed; older ones say nothing.
type repeatable struct {
	Config  map[string]any `json:"config"`
	Machine *machine       `json:"machine"`
}

// recipe is how the result of a command is computed again.
func (r repeatable) recipe(of result, command string) (recipe, error) {
	config, err := configText(r.Config)
	out := recipe{Name: of.name, Command: "drift " + command + " --config config.toml --out again", Config: config}
	if r.Machine != nil {
		out.Computed = "Computed by " + r.Machine.String() + "."
	}
	return out, err
}

// inHessian is the share of each of Σ's eigenvectors that lies in the Hessian's leading space.
func (m *measurement) inHessian() []float64 {
	if m.Overlap == nil {
		return nil
	}
	return m.Overlap.InHessian()
}

func (r *Results) readMeasurement(from result, text []byte) error {
	m := &measurement{result: from}
	if err := json.Unmarshal(text, m); err != nil {
		return err
	}
	for _, d := range []*sigma.Density{m.Density, m.HessianDensity} {
		if d != nil && len(d.Values) != len(d.Weights) {
			return fmt.Errorf("a spectral density has %d values and %d weights", len(d.Values), len(d.Weights))
		}
	}
	if err := r.addRecipe(from, "measure", m.repeatable); err != nil {
		return err
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
	repeatable
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
	Open          bool     `json:"open"`
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
	if err := r.addRecipe(from, "verify", v.repeatable); err != nil {
		return err
	}
	r.verifications = append(r.verifications, v)
	return nil
}

// addRecipe keeps how a result is computed again, where it says so.
func (r *Results) addRecipe(from result, command string, of repeatable) error {
	if of.Config == nil {
		return nil
	}
	again, err := of.recipe(from, command)
	r.recipes = append(r.recipes, again)
	return err
}
