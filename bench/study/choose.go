package study

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// How a search ends: a trial that is best on one seed may be so by luck, or diverge on the next one. The best few are therefore run again
// on further seeds, and the steadiest of them is chosen: see Steadiest.
const (
	// FinalistsOf is how many trials are run again.
	FinalistsOf = 3
	// AgainOn is on how many further seeds.
	AgainOn = 2
)

// Finalists are the trials, up to n, to be run again on further seeds: those of the least losses on examples held out, in their order, the first of
// equals before. A loss that is not a number is that of a run that diverged, which is out.
func Finalists(losses []float64, n int) []int {
	var all []int
	for i, x := range losses {
		if !math.IsNaN(x) {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(losses[a], losses[b]) })
	return all[:min(n, len(all))]
}

// Steadiest is the trial with the least mean over seeds, plus one standard deviation, of its excess over the best of them on the same seed;
// one whose loss is not finite on a seed is out. Taking the excess leaves out how hard a seed is for all. Trials without losses are out too;
// −1 is returned where none is left.
func Steadiest(losses [][]float64) int {
	excess := excesses(losses)
	best, least := -1, math.Inf(1)
	for k, of := range excess {
		if len(of) == 0 {
			continue
		}
		mean, deviation := stat.PopMeanStdDev(of, nil)
		if score := mean + deviation; score < least {
			best, least = k, score
		}
	}
	return best
}

// excesses are the losses less those of the best trial on the same seed, nil for trials that are out.
func excesses(losses [][]float64) [][]float64 {
	out := make([][]float64, len(losses))
	var best []float64
	for k, of := range losses {
		if len(of) == 0 || slices.ContainsFunc(of, notFinite) {
			continue
		}
		out[k] = slices.Clone(of)
		if best == nil {
			best = slices.Clone(of)
		}
		for s, x := range of {
			best[s] = min(best[s], x)
		}
	}
	for _, of := range out {
		for s := range of {
			of[s] -= best[s]
		}
	}
	return out
}

func notFinite(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
