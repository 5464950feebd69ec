package data

import (
	"fmt"
	"math"
)

// sortedNotice warns of a cut through examples that are sorted by class: the first n examples of a part lack a class that n examples in
// random order would lack with a probability below one in a million. It is "" otherwise.
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
	lacking, unlikely := 0, false
	for class, count := range whole {
		if count == 0 {
			continue
		}
		present++
		if cut[class] == 0 {
			lacking++
			unlikely = unlikely || float64(n)*math.Log1p(-float64(count)/float64(s.Len())) < math.Log(1e-6)
		}
	}
	if !unlikely {
		return ""
	}
	return fmt.Sprintf("the %s examples are sorted by class: the first %d hold %d of %d classes; shuffle them, or take all",
		kind, n, present-lacking, present)
}
