package data

import (
	"fmt"
	"math"
)

// sortedNotice warns of a cut through examples that are sorted by class: the first n examples of a part lack classes that n examples in
// random order would lack with a probability below one in a million, one of them alone or all of them together. It is "" otherwise.
func sortedNotice(kind string, s Set, n int) string {
	if s.Classes == 0 || s.Positions > 1 || n <= 0 || n >= s.Len() {
		return ""
	}
	whole, cut, present := make([]int, s.Classes), make([]int, s.Classes), 0
	for i, class := range s.Labels {
		whole[class]++
		if i < n {
			cut[class]++
		}
	}
	lacking, without, unlikely := 0, 0, false
	chance := func(examples int) float64 { return float64(n) * math.Log1p(-float64(examples)/float64(s.Len())) } // its logarithm
	for class, count := range whole {
		if count == 0 {
			continue
		}
		present++
		if cut[class] == 0 {
			lacking, without = lacking+1, without+count
			unlikely = unlikely || chance(count) < math.Log(1e-6)
		}
	}
	anyOfThem := float64(present) * math.Ln2 // as a bound on the number of sets of classes that could be lacking
	if !unlikely && chance(without)+anyOfThem >= math.Log(1e-6) {
		return ""
	}
	return fmt.Sprintf("the %s examples are sorted by class: the first %d hold %d of %d classes; shuffle them, or take all",
		kind, n, present-lacking, present)
}
