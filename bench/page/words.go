package page

import (
	"fmt"
	"math"

	"drift/bench/report"
)

// words are the summary: some sentences for each result.
func (r *Results) words() (all []paragraph) {
	if r.pending != "" {
		all = append(all, paragraph{"Nothing to show yet", r.pending, false})
	}
	for _, u := range r.runs {
		all = append(all, paragraph{u.name, u.words(), false})
	}
	for _, of := range r.studies {
		all = append(all, paragraph{of.name, of.words(), false})
	}
	for _, c := range r.comparisons {
		all = append(all, paragraph{c.name, c.words(), c.study != nil})
	}
	for _, m := range r.measurements {
		all = append(all, paragraph{m.name, m.words(), false})
	}
	for _, v := range r.verifications {
		all = append(all, paragraph{v.name, v.words(), false})
	}
	return all
}

// paragraph is what a result is called and what there is to say about it.
type paragraph struct {
	Name, Text string
	Part       bool // of the one before
}

func (u *run) words() string {
	steps, of, ended := u.ended()
	s := fmt.Sprintf("A training run: %s on %s with %s.", u.text("model"), u.text("data"), u.text("optimizer"))
	switch {
	case len(u.entries) == 0:
		return s + " Nothing is logged yet."
	case ended:
		s += fmt.Sprintf(" It ended after %s steps, %s epochs.", report.Format(float64(steps)), report.Format(u.last("epoch")))
	case of > 0:
		s += fmt.Sprintf(" It has logged up to step %s of %s.", report.Format(float64(steps)), report.Format(float64(of)))
	default:
		s += fmt.Sprintf(" It has logged up to step %s.", report.Format(float64(steps)))
	}
	if x := u.last("test_loss"); !math.IsNaN(x) {
		s += " Its latest test loss is " + u.estimate("test_loss")
		if least, step := u.least("test_loss"); least < x {
			s += fmt.Sprintf(" (the least, %s, came at step %s)", report.Format(least), report.Format(step))
		}
		if a := u.last("test_accuracy"); !math.IsNaN(a) {
			s += ", its test accuracy " + u.estimate("test_accuracy")
		}
		s += "."
	}
	if x := u.last("train_loss"); !math.IsNaN(x) {
		s += " Its training loss is " + u.estimate("train_loss") + "."
	}
	return s + u.theory()
}

// estimate is the latest value of a field, with its 95 % interval where it was found on a sample.
func (u *run) estimate(name string) string {
	x := u.last(name)
	if e := u.last(name + "_se"); !math.IsNaN(e) {
		return report.Interval{Mean: x, CI95: 1.96 * e}.String()
	}
	return report.Format(x)
}

// reliable is the examples of a measurement below which the page says that its terms are noisy.
const reliable = 100

// theory is what was measured of Σ and the gap along the run.
func (u *run) theory() (s string) {
	if x := u.last("noise_scale"); !math.IsNaN(x) {
		s += " Its latest noise scale is " + report.Format(x) + " examples."
	}
	measured, predicted := u.curve(0, field{name: "gap_drift_measured", added: true}).Y, u.curve(0, field{name: gapPredicted, added: true}).Y
	if len(measured) > 0 && len(predicted) > 0 {
		s += fmt.Sprintf(" Since the first measurement the generalization gap changed by %s; the theory's two terms add up to %s.",
			report.Format(measured[len(measured)-1]), report.Format(predicted[len(predicted)-1]))
		if n := u.last("sampled"); n < reliable {
			s += fmt.Sprintf(" Each measurement is of %s only: sums of such estimates are noisy.", count(int(n), "example"))
		}
	}
	return s
}

// least is the smallest value of a field, and its step.
func (u *run) least(name string) (least, step float64) {
	least = math.Inf(1)
	for _, entry := range u.entries {
		if x, there := entry[name]; there && x < least {
			least, step = x, entry["step"]
		}
	}
	return least, step
}

func (c *comparison) words() string {
	seeds := c.Rows[0].Seeds
	if c.study != nil { // of which some may not be done
		seeds = c.study.Seeds
	}
	s := fmt.Sprintf("A comparison of %s over %s: %v on %v.", count(len(c.Rows), "optimizer"), count(len(seeds), "seed"),
		c.Experiment.Config["model"], c.Experiment.Config["data"])
	if f := c.Experiment.Finished; f != nil {
		s += fmt.Sprintf(" It has not ended: %d of %s are finished.", f.Runs, count(f.Of, "run"))
	}
	best := -1
	for i, row := range c.Rows {
		if row.TestLoss != nil && (best < 0 || row.TestLoss.Mean < c.Rows[best].TestLoss.Mean) {
			best = i
		}
	}
	if best >= 0 {
		s += fmt.Sprintf(" The lowest test loss is that of %s, %v.", c.Rows[best].Optimizer, *c.Rows[best].TestLoss)
	}
	for _, row := range c.Rows {
		if row.DriftExplained != nil {
			s += fmt.Sprintf(" Over an epoch %s explains a share of %v of the drift between SGD and full-batch descent.", row.Optimizer, *row.DriftExplained)
		}
		if len(row.Diverged) > 0 {
			s += fmt.Sprintf(" %s diverged on %s.", row.Optimizer, count(len(row.Diverged), "seed"))
		}
	}
	if of := c.SecondOrder; of != nil && of.Both != nil && of.Both.Known() {
		s += fmt.Sprintf(" To second order in the noise, drift and diffusion explain a share of %v of what separates SGD's mean from full-batch descent after an epoch", *of.Both)
		if of.AroundMean != nil && of.AroundMean.Known() {
			s += fmt.Sprintf("; expanded around SGD's own mean %v", *of.AroundMean)
		}
		s += "."
	}
	return s
}

func (m *measurement) words() string {
	s := "A measurement"
	if m.Model != "" {
		s += fmt.Sprintf(" of %s on the %s part of %s,", m.Model, m.Part, m.Data)
	}
	s += fmt.Sprintf(" over %s and %s: tr Σ is %s, ‖ḡ‖² is %s", count(m.Examples, "example"), count(m.Parameters, "parameter"),
		report.Format(m.TraceSigma), report.Format(m.GradNorm2))
	if m.NoiseScale != nil {
		s += ", the noise scale " + report.Format(*m.NoiseScale)
	}
	s += "."
	if n := len(m.Eigenvalues); n > 0 && m.TraceSigma > 0 {
		sum := 0.0
		for _, x := range m.Eigenvalues {
			sum += x
		}
		s += fmt.Sprintf(" The largest eigenvalue of Σ has %.0f %% of its trace", 100*m.Eigenvalues[0]/m.TraceSigma)
		if n > 1 {
			s += fmt.Sprintf(", the leading %d have %.0f %%", n, 100*sum/m.TraceSigma)
		}
		s += "."
	}
	if o := m.Overlap; o != nil {
		s += fmt.Sprintf(" The spaces of the %d leading eigenvectors of Σ and of the Hessian overlap by %s (1: the same; by chance about %s).", o.Dimension,
			report.Format(o.Share), report.Format(float64(o.Dimension)/float64(m.Parameters)))
	}
	return s
}

func (v *verification) words() string {
	passed := 0
	for _, c := range v.Checks {
		if c.Pass {
			passed++
		}
	}
	return fmt.Sprintf("Checks of the theory: %d of %d pass, on %s with %s.", passed, len(v.Checks), v.Data, v.Model)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return report.Format(float64(n)) + " " + what
}
