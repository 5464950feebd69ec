package graph

import (
	"cmp"
	"slices"
)

// Grad is the reverse sweep Σ_k (∂outputs[k]/∂wrt)ᵀ·seeds[k] for each node of wrt, in its shape: the gradient of
// Σ_k ⟨outputs[k], seeds[k]⟩ with the seeds held constant. A nil seed is ones. Where no output depends on a node of wrt its
// result is nil. The results are expressions like any other and can be differentiated again.
func Grad(outputs, seeds, wrt []*Node) []*Node {
	if len(seeds) != len(outputs) {
		misuse("grad: %d outputs with %d seeds", len(outputs), len(seeds))
	}
	adjoint := make(map[*Node]*Node)
	accumulate := func(n, g *Node) {
		if sum, ok := adjoint[n]; ok {
			g = addBeside(sum, g)
		}
		adjoint[n] = g
	}
	for k, out := range outputs {
		seed := seeds[k]
		if seed == nil {
			seed = Fill(out, 1)
		}
		mustMatch("grad: output and seed", out.Shape(), seed.Shape())
		accumulate(out, seed)
	}
	path := dependents(outputs, wrt)
	for _, n := range path {
		g, o := adjoint[n], inputsOf(n)
		if g == nil || o == nil {
			continue
		}
		for i, gi := range familyOf(n).vjp(o, n, g) {
			if gi != nil && path.has(o[i]) {
				accumulate(o[i], gi)
			}
		}
	}
	result := make([]*Node, len(wrt))
	for k, n := range wrt {
		if path.has(n) {
			result[k] = adjoint[n]
		}
	}
	return result
}

// sweep is the nodes between outputs and the nodes asked for, from the outputs down. A node's id is larger than those of its inputs.
type sweep []*Node

func (s sweep) has(n *Node) bool {
	_, found := slices.BinarySearchFunc(s, n, newestFirst)
	return found
}

func newestFirst(x, y *Node) int { return cmp.Compare(y.ID(), x.ID()) }

// dependents is the nodes that lie on a path from outputs down to wrt.
func dependents(outputs, wrt []*Node) sweep {
	depends := make(map[*Node]bool)
	for _, n := range reach(outputs, inputsOf) { // inputs come first
		depends[n] = slices.Contains(wrt, n)
		for _, in := range inputsOf(n) {
			depends[n] = depends[n] || depends[in]
		}
	}
	var s sweep
	for n, yes := range depends {
		if yes {
			s = append(s, n)
		}
	}
	slices.SortFunc(s, newestFirst)
	return s
}

// reach is every node that the outputs are made of, inputs before what uses them, where from names what a node is made of.
func reach(outputs []*Node, from func(*Node) []*Node) []*Node {
	seen := make(map[*Node]bool)
	var all []*Node
	stack := slices.Clone(outputs)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		all = append(all, n)
		stack = append(stack, from(n)...)
	}
	slices.SortFunc(all, func(x, y *Node) int { return newestFirst(y, x) })
	return all
}

// JVP is the directional derivative Σ_k ∂outputs/∂wrt[k]·tangents[k], in the shape of each output; nil where it vanishes identically.
// It is the reverse sweep taken twice: the first one's result is linear in its seed.
func JVP(outputs, wrt, tangents []*Node) []*Node {
	seeds := make([]*Node, len(outputs))
	for k, out := range outputs {
		seeds[k] = placeholder(out)
	}
	pulled, along := present(Grad(outputs, seeds, wrt), tangents)
	return Grad(pulled, along, seeds)
}

// HVP is the Hessian of a sum of outputs times a vector, Σ_k ∂²(Σ outputs)/∂wrt ∂wrt[k]·v[k], in the shape of each node of wrt.
func HVP(outputs, wrt, v []*Node) []*Node {
	gradient, along := present(Grad(outputs, make([]*Node, len(outputs)), wrt), v)
	return Grad(gradient, along, wrt)
}

// present drops the pairs whose first node is nil.
func present(nodes, partners []*Node) (some, theirs []*Node) {
	for k, n := range nodes {
		if n != nil {
			some, theirs = append(some, n), append(theirs, partners[k])
		}
	}
	return some, theirs
}
