package study

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"drift/bench/report"
)

// Quartile is the values with a quarter, half and three quarters of all values below or at them, of those that are there: null where that is
// a run that diverged or missed.
type Quartile struct {
	Lower  report.Number `json:"lower"`
	Median report.Number `json:"median"`
	Upper  report.Number `json:"upper"`
}

// quartiles may have infinite values among theirs.
func quartiles(values []float64) Quartile {
	sorted := slices.Clone(values)
	sort.Float64s(sorted)
	at := func(p float64) report.Number { return report.Number(stat.Quantile(p, stat.Empirical, sorted, nil)) }
	return Quartile{at(0.25), at(0.5), at(0.75)}
}

// Difference is an optimizer less the reference on a task, seed by seed: what the seeds have in common drops out.
type Difference struct {
	Task      string `json:"task"`
	Optimizer string `json:"optimizer"`
	Reference string `json:"reference"`
	Metric    string `json:"metric"`
	// Mean is null where runs diverged.
	Mean *report.Interval `json:"mean"`
	// Effect is the mean over the standard deviation of the differences (Cohen's d of pairs).
	Effect report.Number `json:"effect_size"`
	// P is the probability of a difference as large by chance alone, by the test that is named: "paired t", or "sign" where runs diverged.
	Test string        `json:"test"`
	P    report.Number `json:"p"`
	// Holm is P corrected for all the study's differences of this metric (Holm 1979).
	Holm report.Number `json:"p_holm"`
}

// level is the probability of an error that is accepted.
const level = 0.05

// Tells reports whether chance alone does not explain the difference.
func (d Difference) Tells() bool { return float64(d.Holm) < level }

// differences are those of test loss and accuracy from the reference, or of the train loss where no task has a test part.
func (o *Outcome) differences() []Difference {
	all := []Difference{}
	for _, m := range measures[:3] {
		var of []Difference
		for _, t := range o.Tasks {
			if m.name == "train_loss" && len(all) > 0 || !t.has(m) {
				continue
			}
			base := slices.IndexFunc(t.groups, func(g Group) bool { return g.Name == o.Reference })
			for k, g := range t.groups {
				if k != base {
					d := difference(m, g, t.groups[base])
					d.Task = t.Task
					of = append(of, d)
				}
			}
		}
		holm(of)
		all = append(all, of...)
	}
	return all
}

func difference(m measure, g, base Group) Difference {
	d := Difference{Optimizer: g.Name, Reference: base.Name, Metric: m.name}
	a, b := g.values(m), base.values(m)
	if len(g.diverged())+len(base.diverged()) > 0 {
		d.Test, d.Effect, d.P = "sign", report.Number(math.NaN()), report.Number(signTest(a, b))
		return d
	}
	pairs := make([]float64, len(a))
	for i := range a {
		pairs[i] = a[i] - b[i]
	}
	v := report.Mean95(pairs)
	effect, p := pairedT(pairs)
	d.Test, d.Mean, d.Effect, d.P = "paired t", &v, report.Number(effect), report.Number(p)
	return d
}

// equalWithin is the standard deviation, over the mean, of differences that are equal but for rounding.
const equalWithin = 1e-9

// pairedT is the mean of differences over their standard deviation, and the probability of one as far from 0 by chance (Student 1908). One
// difference alone tells nothing: NaN. Differences that are all equal, but for rounding, have no spread to go by: only their sign counts.
func pairedT(pairs []float64) (effect, p float64) {
	n := float64(len(pairs))
	if n < 2 {
		return math.NaN(), math.NaN()
	}
	mean, deviation := stat.MeanStdDev(pairs, nil)
	switch {
	case mean == 0 && deviation == 0:
		return 0, 1
	case deviation <= equalWithin*math.Abs(mean):
		return math.Inf(1), signTest(pairs, make([]float64, len(pairs)))
	}
	effect = mean / deviation
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	return effect, 2 * t.CDF(-math.Abs(effect)*math.Sqrt(n))
}

// signTest is the probability that chance alone makes one of two as often the larger, ties left out.
func signTest(a, b []float64) float64 {
	larger, n := 0.0, 0.0
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		n++
		if a[i] > b[i] {
			larger++
		}
	}
	if n == 0 {
		return 1
	}
	tail := distuv.Binomial{N: n, P: 0.5}.CDF(min(larger, n-larger))
	return math.Min(1, 2*tail)
}

// holm corrects for many differences: the k-th least of m probabilities is multiplied by m−k+1, and none is below one before it.
func holm(all []Difference) {
	order := []int{}
	for i := range all {
		if all[i].Holm = report.Number(math.NaN()); !math.IsNaN(float64(all[i].P)) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all[a].P, all[b].P) })
	before := 0.0
	for k, i := range order {
		before = math.Max(before, math.Min(1, float64(all[i].P)*float64(len(order)-k)))
		all[i].Holm = report.Number(before)
	}
}

// large is an effect size that one would not want to miss (Cohen 1988).
const large = 0.8

// warn says where the seeds are too few to tell, and where tuning found no good settings.
func (o *Outcome) warn() {
	n := len(o.Seeds)
	undecided := 0
	for _, d := range o.Differences {
		if !d.Tells() && math.Abs(float64(d.Effect)) >= large {
			undecided++
		}
	}
	switch {
	case n == 1:
		o.Warnings = append(o.Warnings, "One seed does not tell differences from chance: give more seeds.")
	case undecided > 0:
		o.Warnings = append(o.Warnings, fmt.Sprintf("%d of %d differences from %s are large (%v standard deviations or more), and %d seeds are too few to tell them from chance: "+
			"even one difference alone would have to be %.1f standard deviations to be found in 80 %% of studies. Give more seeds.",
			undecided, len(o.Differences), o.Reference, large, n, detectable(n)))
	}
	for _, t := range o.Tasks {
		for _, r := range t.Rows {
			if s := r.Search; s != nil {
				o.Warnings = append(o.Warnings, s.warnings(t.Task, r.Optimizer)...)
			}
			if k := len(r.Diverged); k > 0 && r.Settings != nil {
				o.Warnings = append(o.Warnings, fmt.Sprintf("%s, %s: %d of %d runs diverged; medians and quartiles stand in place of means.", t.Task, r.Optimizer, k, len(r.Seeds)))
			}
		}
	}
}

// detectable is the effect size, of pairs, that n seeds find in 80 % of studies at a level of 5 %, to a normal approximation of the
// noncentral t.
func detectable(n int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	return (t.Quantile(1-level/2) + t.Quantile(0.8)) / math.Sqrt(float64(n))
}

// near is a learning rate that diverged, over the chosen one, within which the choice is called near the edge.
const near = 2

func (s *Search) warnings(task, optimizer string) (all []string) {
	at := task + ", " + optimizer + ": "
	if s.Chosen < 0 {
		return []string{fmt.Sprintf("%sno trial of %d stayed finite on every seed: there are no runs.", at, len(s.Trials))}
	}
	if len(s.Outermost) > 0 {
		all = append(all, fmt.Sprintf("%sthe choice of %s is at the end of what was tried: a better one may lie beyond.", at, strings.Join(s.Outermost, ", ")))
	}
	if x := float64(s.EdgeRatio); x <= near {
		all = append(all, fmt.Sprintf("%sa learning rate of %.3g times the chosen one diverged.", at, x))
	}
	return all
}
