package sigma

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/graph/objective"
)

// Overlap says how far the space of Σ's k leading eigenvectors u_i is that of the Hessian's k leading eigenvectors v_j: 1 where they are
// the same, about k/P for spaces that know nothing of each other (Gur-Ari, Roberts & Dyer 2018, eq. 5).
type Overlap struct {
	Dimension int         `json:"dimension"` // k
	Share     float64     `json:"share"`     // (1/k) Σ_ij ⟨u_i, v_j⟩²
	Cosines2  [][]float64 `json:"cosines2"`  // ⟨u_i, v_j⟩² by i and j
}

// InHessian is the share of each u_i that lies in the space of the v_j: Σ_j ⟨u_i, v_j⟩² by i.
func (o *Overlap) InHessian() []float64 {
	shares := make([]float64, len(o.Cosines2))
	for i, row := range o.Cosines2 {
		shares[i] = floats.Sum(row)
	}
	return shares
}

// overlap compares the eigenvectors that spectrum and curvature have found. Those of Σ are known in the space of the examples, as
// u = GᵀCq/√((N−1)λ): ⟨u, v⟩ follows from the products Gv of the gradients with v.
func (m *Measurement) overlap(f *objective.Objective, examples []int) error {
	k := min(len(m.sigmaPairs), len(m.hessianPairs))
	for k > 0 && !(m.sigmaPairs[k-1].Value > 0) { // no direction at all
		k--
	}
	if k == 0 {
		return nil
	}
	v, err := f.NewVector()
	if err != nil {
		return err
	}
	defer v.Free()
	reference, err := f.NewReference()
	if err != nil {
		return err
	}
	defer reference.Close()
	var rows objective.Rows
	p, err := f.Compile(len(examples), func(b *objective.Batch) {
		b.Rows(&rows, b.Deviations(reference, b.Here()).Dot(b.Vector(v)))
	}, nil)
	if err != nil {
		return fmt.Errorf("overlap of eigenvectors: %w", err)
	}
	defer p.Close()
	o := &Overlap{Dimension: k, Cosines2: make([][]float64, k)}
	for i := range o.Cosines2 {
		o.Cosines2[i] = make([]float64, k)
	}
	for j, pair := range m.hessianPairs[:k] {
		if err := v.Write(pair.Vector); err != nil {
			return err
		}
		if err := p.Run(examples); err != nil {
			return err
		}
		products := append([]float64{}, rows.Values...)
		centre(products)
		for i, pairOfSigma := range m.sigmaPairs[:k] {
			cosine := floats.Dot(pairOfSigma.Vector, products) / math.Sqrt(float64(len(examples)-1)*pairOfSigma.Value) / floats.Norm(pair.Vector, 2)
			o.Cosines2[i][j] = cosine * cosine
			o.Share += cosine * cosine / float64(k)
		}
	}
	m.Overlap = o
	return nil
}
