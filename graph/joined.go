package graph

import (
	"fmt"
	"slices"
	"strings"

	"drift/kernels"
)

// joinProducts lets a matrix product go on with its result, where a chain of its own would read and write it again: with a bias, an
// activation, and on the way back the activation's derivative and the sums of the bias's gradient. The steps must be connected.
func (p *Plan) joinProducts(f *fuser) {
	producer, readers := p.producers(), make(map[*Node]int)
	for _, s := range p.steps {
		for _, n := range s.ins {
			readers[n]++
		}
	}
	gone := make(map[*step]bool)
	for _, s := range p.steps {
		for k, z := range s.ins {
			g := producer[z]
			if g == nil || !g.foldable() || f.kept[z] || readers[z] != 1 {
				continue
			}
			if product, ok := goesOn(g.op.(kernels.Gemm), s.op, k); ok {
				rest := slices.Delete(slices.Clone(s.ins), k, k+1)
				s.op, s.fused = product, false
				s.nodes, s.ins = slices.Concat(g.nodes, s.nodes), slices.Concat(g.ins, rest)
				gone[g] = true
				break
			}
		}
	}
	p.steps = slices.DeleteFunc(p.steps, func(s *step) bool { return gone[s] })
}

// longestFormula bounds the instructions of a chain whose formula is written out.
const longestFormula = 16

// goesOn is the product that computes a chain of which z, the result of g, is input k.
func goesOn(g kernels.Gemm, chain kernels.Primitive, k int) (kernels.Product, bool) {
	m, ok := kernels.ChainOf(chain)
	if !ok || g.Batch != 1 || g.K == 0 || len(m.Access) > 2 || len(m.Code) > longestFormula {
		return kernels.Product{}, false
	}
	order := []int{k}
	if len(m.Access) == 2 {
		order = append(order, 1-k)
	}
	wanted := formula(chain, order)
	for _, p := range []kernels.Product{
		{Gemm: g, Bias: true}, {Gemm: g, Activation: kernels.ReLU}, {Gemm: g, Bias: true, Activation: kernels.ReLU},
		{Gemm: g, Activation: kernels.ReLU, Gradient: true}, {Gemm: g, Activation: kernels.ReLU, Gradient: true, Sums: true},
	} {
		if formula(p.Chain(), []int{0, 1}) == wanted {
			return p, true
		}
	}
	return kernels.Product{}, false
}

// formula is what a chain computes of its inputs, which are named by their places in an order: chains that differ in no more than the order
// of their inputs, of instructions and of factors and terms have one formula.
func formula(op kernels.Primitive, order []int) string {
	m, _ := kernels.ChainOf(op)
	values := make([]string, len(m.Access))
	for k, a := range m.Access {
		values[k] = fmt.Sprint(slices.Index(order, k), kernels.Access{B: a.B, C: a.C, D: a.Each()})
		if a.Full() {
			values[k] = fmt.Sprint(slices.Index(order, k))
		}
	}
	for _, i := range m.Code {
		terms := []string{values[i.X], values[i.Y]}[:i.Fn.Arity()]
		if i.Fn == kernels.FnAdd || i.Fn == kernels.FnMul {
			slices.Sort(terms)
		}
		values = append(values, fmt.Sprintf("%v(%s;%g)", i.Fn, strings.Join(terms, ","), i.Imm))
	}
	text := fmt.Sprint(m.N)
	if r, ok := op.(kernels.Reduce); ok {
		text = fmt.Sprint(r.A, r.B, r.C, r.Max)
	}
	for _, r := range m.Results {
		text += " " + values[r]
	}
	return text
}
