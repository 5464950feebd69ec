package kernels

import (
	"errors"
	"fmt"
)

// Attention is scaled dot-product attention of Batch·Heads heads that do not depend on each other (Vaswani et al. 2017): with the scores
// s = Scale·q·kᵀ of a head,
//
//	o[i,·] = Σ_j p[i,j]·v[j,·],  p[i,j] = exp(s[i,j] − l[i]),  l[i] = log Σ_j exp(s[i,j]),
//
// where Causal sums over j ≤ i alone; what is no number in rows of k and v that a query does not see may spread or not. Scores and p are never all in memory (Dao et al. 2022): what a
// device needs beside its operands grows with Keys, not with Queries·Keys.
//
// q is [Batch,Heads,Queries,Width], k [Batch,Heads,Keys,Width], v [Batch,Heads,Keys,Values], o [Batch,Heads,Queries,Values], l
// [Batch,Heads,Queries]. Outputs [o, l], inputs [q, k, v].
//
// Packed is the layout of a product that makes all three at once, where Keys is Queries and Values is Width: qkv [Batch,Queries,3,Heads,Width]
// and o [Batch,Queries,Heads,Width]. Outputs [o, l], inputs [qkv].
type Attention struct {
	Batch, Heads   int
	Queries, Keys  int
	Width, Values  int
	Scale          float64
	Causal, Packed bool
}

// AttentionGradient is Attention's adjoint (Dao et al. 2022, appendix B.4): with p from q, k and l as there, and ō the gradient in o,
//
//	v̄[j,·] = Σ_i p[i,j]·ō[i,·],  s̄[i,j] = p[i,j]·(ō[i,·]·v[j,·] − ō[i,·]·o[i,·]),  q̄ = Scale·s̄·k,  k̄ = Scale·s̄ᵀ·q.
//
// Outputs [q̄, k̄, v̄], inputs [q, k, v, o, ō, l]; Packed: outputs [q̄k̄v̄], inputs [qkv, o, ō, l].
type AttentionGradient Attention

func (Attention) Name() string         { return "attention" }
func (AttentionGradient) Name() string { return "attentiongradient" }

func (p Attention) Operands() (out, in []int, err error) {
	err = notNegative(p.Batch, p.Heads)
	if min(p.Queries, p.Keys, p.Width, p.Values) < 1 {
		err = errors.Join(err, fmt.Errorf("attention of %d queries to %d keys of width %d and %d: there must be at least one of each", p.Queries, p.Keys, p.Width, p.Values))
	}
	if p.Causal && p.Queries != p.Keys {
		err = errors.Join(err, fmt.Errorf("causal attention of %d queries to %d keys: there must be one key for each query", p.Queries, p.Keys))
	}
	if p.Packed && (p.Queries != p.Keys || p.Width != p.Values) {
		err = errors.Join(err, fmt.Errorf("packed attention of %d×%d queries to %d keys and values of %d: they must be alike", p.Queries, p.Width, p.Keys, p.Values))
	}
	n := p.Batch * p.Heads
	in = []int{n * p.Queries * p.Width, n * p.Keys * p.Width, n * p.Keys * p.Values}
	if p.Packed {
		in = []int{3 * n * p.Queries * p.Width}
	}
	return []int{n * p.Queries * p.Values, n * p.Queries}, in, err
}

func (p AttentionGradient) Operands() (out, in []int, err error) {
	result, in, err := Attention(p).Operands()
	return in, append(append([]int(nil), in...), result[0], result[0], result[1]), err
}

// Pairs is how many queries and keys meet in a head.
func (p Attention) Pairs() int {
	if p.Causal {
		return p.Queries * (p.Queries + 1) / 2
	}
	return p.Queries * p.Keys
}

func (p Attention) describe() string {
	text := fmt.Sprintf("%d of %s", p.Batch*p.Heads, times(p.Queries, p.Keys, p.Width))
	if p.Values != p.Width {
		text += " to " + fmt.Sprint(p.Values)
	}
	if p.Causal {
		text += " causal"
	}
	if p.Packed {
		text += " packed"
	}
	return text
}

func (p AttentionGradient) describe() string { return Attention(p).describe() }
