package weights

import (
	"fmt"
	"slices"
	"strings"

	"drift/graph/objective"
)

// naming is how names of the model become those of a file.
type naming func(p objective.Param, own string) string

// namings are the ways in which files name a model's tensors: as nn.Sequential and as torchvision does.
var namings = []naming{
	func(_ objective.Param, own string) string { return own },
	func(p objective.Param, own string) string {
		if own == p.Name {
			return p.Torchvision
		}
		return ""
	},
}

// match finds the tensors of the model among those of a file, by their names in the model, and checks shapes and types. All names may
// have a part in common before them: that of the module which held the network.
func (l layout) match(tensors []*tensor) (map[string]*tensor, error) {
	prefixes := []string{""}
	if common := commonPart(tensors); common != "" {
		prefixes = append(prefixes, common)
	}
	var best map[string]*tensor
	for _, prefix := range prefixes {
		byName := make(map[string]*tensor, len(tensors))
		for _, t := range tensors {
			byName[strings.TrimPrefix(t.name, prefix)] = t
		}
		for _, n := range namings {
			if found := l.under(n, byName); len(found) > len(best) {
				best = found
			}
		}
	}
	if err := l.complete(best, tensors); err != nil {
		return nil, err
	}
	for _, p := range l {
		for _, name := range own(p) {
			if err := fits(p, best[name]); err != nil {
				return nil, err
			}
		}
	}
	return best, nil
}

// commonPart is the first part of all names, with its dot, where they share one.
func commonPart(tensors []*tensor) string {
	common := ""
	for i, t := range tensors {
		first, _, ok := strings.Cut(t.name, ".")
		if !ok || i > 0 && first+"." != common {
			return ""
		}
		common = first + "."
	}
	return common
}

// under is the tensors that a naming finds.
func (l layout) under(n naming, byName map[string]*tensor) map[string]*tensor {
	found := map[string]*tensor{}
	for _, p := range l {
		for _, name := range own(p) {
			if t := byName[n(p, name)]; t != nil {
				found[name] = t
			}
		}
	}
	return found
}

// counters are the ends of names of tensors that PyTorch keeps for training and that say nothing here.
var counters = []string{"num_batches_tracked", "n_averaged"}

// complete checks that the model lacks nothing, and that the file has nothing else.
func (l layout) complete(found map[string]*tensor, tensors []*tensor) error {
	used := make(map[*tensor]bool, len(found))
	for _, t := range found {
		used[t] = true
	}
	m := &Mismatch{model: len(l), file: len(tensors)}
	for _, t := range tensors {
		counts := slices.ContainsFunc(counters, func(end string) bool { return strings.HasSuffix(t.name, end) })
		if !used[t] && !counts {
			m.File = append(m.File, Tensor{t.name, t.shape})
		}
	}
	for _, p := range inOrder(l) {
		if !slices.ContainsFunc(own(p), func(name string) bool { return found[name] != nil }) {
			m.Model = append(m.Model, Tensor{p.Name, p.FileShape()})
		}
	}
	if len(m.File)+len(m.Model) == 0 {
		return nil
	}
	m.pair()
	return m
}

// inOrder is the parameters with each buffer behind those of its layer, as PyTorch lists them.
func inOrder(params []objective.Param) []objective.Param {
	place := map[string]int{} // of layers
	for i, p := range params {
		if layer := layerOf(p.Name); place[layer] == 0 {
			place[layer] = i + 1
		}
	}
	ordered := slices.Clone(params)
	slices.SortStableFunc(ordered, func(a, b objective.Param) int { return place[layerOf(a.Name)] - place[layerOf(b.Name)] })
	return ordered
}

func layerOf(name string) string { return name[:strings.LastIndexByte(name, '.')+1] }

// fits checks shape and type of a tensor; nil, where the file does not have it under one of its names, fits.
func fits(p objective.Param, t *tensor) error {
	if t == nil {
		return nil
	}
	if !slices.Equal(t.shape, p.FileShape()) {
		return Misshapen{Tensor{t.name, t.shape}, p.FileShape()}
	}
	if t.elements == nil {
		return fmt.Errorf("tensor %q holds %s: only float64, float32, float16 and bfloat16 are read", t.name, t.kind)
	}
	return nil
}

func shapeText(shape []int) string {
	return fmt.Sprintf("%.40s", strings.ReplaceAll(fmt.Sprint(shape), " ", ","))
}
