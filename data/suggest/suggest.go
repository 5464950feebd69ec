// Package suggest advises on names that are not among those known.
package suggest

import "strings"

// Choose names the nearest of the known names and all of them.
func Choose(name string, known []string) string {
	return Among(name, known, "choose one of "+strings.Join(known, ", "))
}

// Among is Choose with its own wording of all that can be chosen.
func Among(name string, known []string, all string) string {
	if near := Nearest(name, known); near != "" {
		return "did you mean " + near + "? (" + all + ")"
	}
	return all
}

// Nearest is the known name within an edit distance of a third of the name's length, or one that starts with it, or "".
func Nearest(name string, known []string) string {
	best, at := "", max(1, len(name)/3)+1
	for _, candidate := range known {
		d := editDistance(strings.ToLower(name), candidate)
		if len(name) > 1 && strings.HasPrefix(candidate, name) {
			d = 1
		}
		if d < at {
			best, at = candidate, d
		}
	}
	return best
}

// editDistance is the least number of insertions, deletions, replacements and exchanges of neighbours that turn a into b
// (optimal string alignment).
func editDistance(a, b string) int {
	d := make([][]int, len(a)+1) // d[i][j] is the distance of a[:i] and b[:j]
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
