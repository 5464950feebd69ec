package sigma

import (
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/data/random"
	"drift/graph/objective"
	"drift/kernels"
)

// The Σ of a window is that within its slots, each at the parameters where it was taken: the first batch fills both slots, the second
// one replaces the older of them, and the third has too few examples to fill the other.
func TestRunningWindow(t *testing.T) {
	cases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		const window, seed = 10, 4
		p := f.NumParams()
		inverse, err := NewLowRankInverse(f, LowRank{Rank: window, Refresh: 1, Window: window + 1, Average: 0.5, Seed: seed})
		must(t, err)
		defer inverse.Close()
		x, err := f.NewVector()
		must(t, err)
		defer x.Free()
		var slots [2]*mat.Dense
		for step, batch := range [][]int{examples[:15], examples[3:8], examples[11:14]} {
			must(t, f.Parameters().Write(f.Initial(uint64(step))))
			chosen := draw(random.New(seed, "window").At(uint64(step)).Rand, batch, window)
			if step == 0 {
				slots = [2]*mat.Dense{rows(t, f, chosen[:window/2]), rows(t, f, chosen[window/2:])}
			} else {
				slots[step-1] = rows(t, f, chosen[:min(window/2, len(chosen))])
			}
			sigma, freedom := mat.NewSymDense(p, nil), 0.0
			for _, g := range slots {
				within, _ := dense(g)
				n, _ := g.Dims()
				within.ScaleSym(float64(n-1), within)
				sigma.AddSym(sigma, within)
				freedom += float64(n - 1)
			}
			sigma.ScaleSym(1/freedom, sigma)
			_, mean := dense(rows(t, f, batch))
			mustSolve(t, inverse, batch, Damping{Value: 0.05}, x)
			got := make([]float64, p)
			must(t, x.Read(got))
			near(t, "solution", got, solve(t, sigma, 0.05, mean), 1e-8)
			r, err := inverse.Report()
			must(t, err)
			near(t, "trace", []float64{r.Trace}, []float64{mat.Trace(sigma)}, 1e-10)
		}
	})
}

// Eigenvectors are as good where they are found by iteration, which goes on from those before: Gᵀc_i are orthonormal, and u_iᵀΣu_i is λ_i.
func TestWindowsEigenvectors(t *testing.T) {
	const examples, rank = 3 * smallWindow, 4
	f := open(t, networks["dense"], noise(examples), 100, kernels.Float64)
	w, err := newWindow(f, examples, 3, 1)
	must(t, err)
	defer w.close()
	u, err := f.NewVector()
	must(t, err)
	for refresh := range 2 {
		must(t, w.refresh(f.All(objective.Train)))
		if started := floats.Norm(w.start, 2) > 0; started != (refresh > 0) {
			t.Errorf("refresh %d: the search has a start: %t", refresh, started)
		}
		values, vectors, err := w.leading(rank)
		must(t, err)
		formed := mat.NewDense(rank, f.NumParams(), nil)
		for i, c := range vectors {
			must(t, w.combine(c, u))
			must(t, u.Read(formed.RawRowView(i)))
		}
		var products mat.Dense
		products.Mul(formed, formed.T())
		sum := w.trace()
		for i, value := range values {
			for j := range rank {
				near(t, "orthonormality", []float64{1 + products.At(i, j)}, []float64{1 + map[bool]float64{true: 1}[i == j]}, 1e-8)
			}
			if value <= 0 || i > 0 && value > values[i-1] {
				t.Errorf("eigenvalues %v", values)
			}
			sum -= value
		}
		if sum < 0 {
			t.Errorf("eigenvalues %v exceed the trace %v", values, w.trace())
		}
	}
}

func TestWindowsThatCannotBe(t *testing.T) {
	for _, r := range []LowRank{
		{Rank: 0, Refresh: 1, Window: 8}, {Rank: 9, Refresh: 1, Window: 8}, {Rank: 1, Refresh: 0, Window: 8},
		{Rank: 1, Refresh: 1, Window: 1}, {Rank: 1, Refresh: 1, Window: 8, Average: 0.9}, {Rank: 1, Refresh: 1, Window: 8, Average: 1},
	} {
		if r.Check(9) == nil {
			t.Errorf("%+v is accepted", r)
		}
	}
	if err := (LowRank{Rank: 1, Refresh: 1, Window: 8, Average: 0.75}).Check(9); err != nil {
		t.Error(err)
	}
}
