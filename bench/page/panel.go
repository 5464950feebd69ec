package page

import (
	"slices"
	"strings"
)

// panel says which fields of a run's log one chart shows.
type panel struct {
	title, note string
	fields      []field
}

type field struct {
	name, label string
	kind        kind
	added       bool // added up along the run
}

// panels are the charts along runs, in order. A chart without any value is left out.
var panels = []panel{
	{"Loss", "Of the batches since the line before; over the test and the validation part; over the training part at the end. Random examples stand for parts that are large.", []field{
		{"loss", "batches", line, false}, {"test_loss", "test", dashed, false}, {"valid_loss", "validation", dotted, false},
		{"ema_test_loss", "test, averaged", dashed, false}, {"ema_valid_loss", "validation, averaged", dotted, false}, {"train_loss", "train", marks, false}}},
	{"Accuracy", "", []field{{"accuracy", "batches", line, false}, {"test_accuracy", "test", dashed, false}, {"valid_accuracy", "validation", dotted, false},
		{"ema_test_accuracy", "test, averaged", dashed, false}, {"ema_valid_accuracy", "validation, averaged", dotted, false}}},
	{"Drift of the generalization gap", "Test loss − training loss, added up since the first measurement: measured on examples that stay the same, beside the terms that theory gives it in the mean, η tr Σ/N and η G·(G − G_test).", []field{
		{"gap_drift_measured", "measured", line, true}, {gapPredicted, "predicted, both terms", dashed, true}, {"gap_drift_predicted", "η tr Σ/N", dotted, true}}},
	{"Noise scale", "tr Σ/‖G‖² of running means: the batch size at which noise and gradient are equally large.", []field{{"noise_scale", "", line, false}}},
	{"Trace of Σ", "", []field{{"tr_sigma", "tr Σ", line, false}}},
	{"Leading eigenvalues of Σ", "Of a sample of the training examples, which overstates them where it is small.", []field{
		{"sigma_eigenvalue_1", "1st", line, false}, {"sigma_eigenvalue_2", "2nd", dashed, false}, {"sigma_eigenvalue_3", "3rd", dotted, false}}},
	{"Gradient of tr Σ", "‖∂tr Σ‖², unbiased: it may be negative.", []field{{"grad_tr_sigma_norm2", "", line, false}}},
	{"Gradient", "Squared norms: of the last step's direction, and of the expected gradient, whose unbiased estimate may be negative.", []field{
		{"grad_norm2", "direction", line, false}, {"expected_grad_norm2", "expected, ‖G‖²", dashed, false}}},
	{"Gradients of training and test examples", "G·(G − G_test), which drives training and test loss apart.", []field{{"gap_gradient", "", line, false}}},
	{"Size of steps", "‖θ_t − θ_{t−1}‖ of a step.", []field{{"update_norm", "", line, false}}},
	{"Distance from the start", "‖θ_t − θ_0‖.", []field{{"distance", "", line, false}}},
	{"Noise of a batch's gradient", "Relative standard deviations: of all of it (norm test), and of its part along the expected gradient (inner-product test).", []field{
		{"norm_test", "all of it", line, false}, {"inner_product_test", "along G", dashed, false}}},
	{"Where along a step the loss was least", "α: −1 far beyond the step, 0 at its end, 1 halfway.", []field{{"alpha", "", marks, false}}},
	{"Learning rate", "", []field{{"lr", "", line, false}}},
}

// gapPredicted is the sum of both terms of the gap's drift, which is no field of its own.
const gapPredicted = "gap_drift_predicted + gap_drift_gradient"

// shownElsewhere are the fields that are no curves.
var shownElsewhere = []string{"step", "epoch", "seconds", "sampled", "gap_drift_gradient",
	"train_loss_se", "test_loss_se", "test_accuracy_se", "valid_loss_se", "valid_accuracy_se"}

// allPanels adds a chart for each field that has none, such as a direction's own numbers.
func (r *Results) allPanels() []panel {
	known := slices.Clone(shownElsewhere)
	for _, p := range panels {
		for _, f := range p.fields {
			known = append(known, f.name)
		}
	}
	var others []string
	for _, u := range r.runs {
		for _, entry := range u.entries {
			for name := range entry {
				if !slices.Contains(known, name) {
					known, others = append(known, name), append(others, name)
				}
			}
		}
	}
	slices.Sort(others)
	all := slices.Clone(panels)
	for _, name := range others {
		all = append(all, panel{strings.ReplaceAll(name, "_", " "), "", []field{{name, "", line, false}}})
	}
	return all
}
