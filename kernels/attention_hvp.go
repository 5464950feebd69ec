package kernels

// AttentionTangent is the derivative of Attention along q̇, k̇ and v̇: with p from q, k and l as there, and the means of a row's slopes,
//
//	ṡ[i,j] = Scale·(q̇[i,·]·k[j,·] + q[i,·]·k̇[j,·]),  m[i] = Σ_j p[i,j]·ṡ[i,j],  ṗ[i,j] = p[i,j]·(ṡ[i,j] − m[i]),
//	ȯ[i,·] = Σ_j (ṗ[i,j]·v[j,·] + p[i,j]·v̇[j,·]).
//
// Outputs [ȯ], inputs [q, k, v, l, q̇, k̇, v̇]; Packed: inputs [qkv, l, q̇k̇v̇].
type AttentionTangent Attention

// AttentionHVP is the Hessian of f(q,k,v,ō) = Σ ō·o(q,k,v), whose gradient is that of AttentionGradient and o, times a vector (q̇,k̇,v̇,0):
// the derivative of AttentionGradient's results along q̇, k̇ and v̇ with ō held, and AttentionTangent's ȯ. As a Hessian is symmetric, that is the
// adjoint of AttentionGradient for (q̇,k̇,v̇) as well. With D[i] = ō[i,·]·o[i,·] and d[i,j] = ō[i,·]·v[j,·] − D[i],
//
//	s̄[i,j] = p[i,j]·d[i,j],  t[i,j] = ṗ[i,j]·d[i,j] + p[i,j]·(ō[i,·]·v̇[j,·] − r[i]),  r[i] = ō[i,·]·ȯ[i,·],
//	q̂ = Scale·(t·k + s̄·k̇),  k̂ = Scale·(tᵀ·q + s̄ᵀ·q̇),  v̂ = ṗᵀ·ō.
//
// r is the derivative of D, as Σ_j p·d = 0 makes every row of t add up to 0. So a row needs its keys twice: for m and ȯ, then for the rest; what lies
// between is as small as o. p, ṡ, d and t are never all in memory.
//
// Outputs [q̂, k̂, v̂, ȯ], inputs [q, k, v, o, ō, l, q̇, k̇, v̇]; Packed: outputs [q̂k̂v̂, ȯ], inputs [qkv, o, ō, l, q̇k̇v̇].
type AttentionHVP Attention

func (AttentionTangent) Name() string { return "attentiontangent" }
func (AttentionHVP) Name() string     { return "attentionhvp" }

func (p AttentionTangent) Operands() (out, in []int, err error) {
	result, in, err := Attention(p).Operands()
	return result[:1], append(append(append([]int(nil), in...), result[1]), in...), err
}

func (p AttentionHVP) Operands() (out, in []int, err error) {
	result, in, err := Attention(p).Operands()
	out = append(append([]int(nil), in...), result[0])
	return out, append(append(append([]int(nil), in...), result[0], result[0], result[1]), in...), err
}

func (p AttentionTangent) describe() string { return Attention(p).describe() }
func (p AttentionHVP) describe() string     { return Attention(p).describe() }
