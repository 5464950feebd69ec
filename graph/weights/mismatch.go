package weights

import (
	"fmt"
	"slices"
	"strings"
)

// Tensor is a name and a shape.
type Tensor struct {
	Name  string
	Shape []int
}

// Pair is a tensor of a file and one of the model that it may well be.
type Pair struct{ File, Model Tensor }

// Mismatch is the error of a file whose tensors are not those of the model.
type Mismatch struct {
	File, Model []Tensor // what the file alone has, and what the model alone has, in order
	Pairs       []Pair   // the likeliest by shape, last part of the name and order
	file, model int      // how many they have in all
}

// Misshapen is the error of a tensor that the model has in another shape.
type Misshapen struct {
	Tensor
	Want []int
}

func (m Misshapen) Error() string {
	return fmt.Sprintf("tensor %q has shape %s but the model needs %s", m.Name, shapeText(m.Shape), shapeText(m.Want))
}

// Error is one line, which leaves out the middle of long lists.
func (m *Mismatch) Error() string {
	var parts []string
	list := func(what string, tensors []Tensor, of int) {
		if len(tensors) > 0 {
			parts = append(parts, fmt.Sprintf("%s has %s (%d of %d)", what, shortList(texts(tensors)), len(tensors), of))
		}
	}
	list("the file alone", m.File, m.file)
	list("the model alone", m.Model, m.model)
	text := "its tensors are not those of the model: " + strings.Join(parts, "; ")
	if len(m.Pairs) > 0 {
		pairs := make([]string, len(m.Pairs))
		for i, p := range m.Pairs {
			pairs[i] = fmt.Sprintf("%q = %q", clipped(p.File.Name), clipped(p.Model.Name))
		}
		return text + "; the likeliest pairs by shape and order are " + shortList(pairs)
	}
	if len(m.Model) == 0 && !slices.ContainsFunc(m.File, func(t Tensor) bool { return !isStatistic(t.Name) }) {
		return text + ": the network in the file has batch normalization: make the model's frozen"
	}
	return text
}

func isStatistic(name string) bool {
	return strings.HasSuffix(name, "running_mean") || strings.HasSuffix(name, "running_var")
}

func clipped(name string) string { return fmt.Sprintf("%.60s", name) }

func texts(tensors []Tensor) []string {
	list := make([]string, len(tensors))
	for i, t := range tensors {
		list[i] = fmt.Sprintf("%q %s", clipped(t.Name), shapeText(t.Shape))
	}
	return list
}

func describe(tensors []*tensor) string {
	list := make([]string, len(tensors))
	for i, t := range tensors {
		list[i] = fmt.Sprintf("%q", clipped(t.name))
	}
	return shortList(list)
}

// shortList joins words, the first and the last few of them where there are many.
func shortList(words []string) string {
	const most, last = 8, 2
	if len(words) > most {
		words = slices.Concat(words[:most-last], []string{"…"}, words[len(words)-last:])
	}
	return strings.Join(words, ", ")
}

// maxPaired bounds the tensors on a side that are paired, which takes their product in time.
const maxPaired = 2000

// pair finds the pairs of one shape, in the order of both sides, that agree most: a pair counts 1, and 1 more where the last parts
// of both names agree.
func (m *Mismatch) pair() {
	a, b := m.File, m.Model
	if len(a) > maxPaired || len(b) > maxPaired {
		return
	}
	agreement := func(i, j int) int {
		switch {
		case !slices.Equal(a[i].Shape, b[j].Shape):
			return 0
		case lastPart(a[i].Name) == lastPart(b[j].Name):
			return 2
		}
		return 1
	}
	best := make([][]int, len(a)+1) // of what follows the first i and j
	for i := range best {
		best[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if g := agreement(i, j); g > 0 {
				best[i][j] = max(best[i][j], g+best[i+1][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch g := agreement(i, j); {
		case g > 0 && best[i][j] == g+best[i+1][j+1]:
			m.Pairs = append(m.Pairs, Pair{a[i], b[j]})
			i, j = i+1, j+1
		case best[i][j] == best[i+1][j]:
			i++
		default:
			j++
		}
	}
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
