package compare

import (
	"context"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/data/random"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// cloud is the mean of independent vectors and the variance of that mean: E‖mean − truth‖².
type cloud struct {
	mean     []float64
	variance float64
}

// shuffled is a pair of an order of batches and its reverse, with the mean displacement that they lead to and its control variates.
type shuffled struct {
	orders       [2][][]int
	displacement []float64
	controls     [2][]float64
}

// shuffles is the mean end of one epoch of SGD from start, over pairs of random orders of the batches and their reverses, and the first
// of these pairs themselves. An order and its reverse cancel what of order η² depends on the order of the batches alone, and control
// variates take out more (see expansion).
func shuffles(ctx context.Context, f *objective.Objective, s optim.SGD, start []float64, pairs, keep int, seed uint64) (*cloud, []shuffled, error) {
	constant(&s.Rate)
	t, err := train.New(f, s, train.Options{Seed: seed})
	if err != nil {
		return nil, nil, err
	}
	defer t.Close()
	if err := t.Reset(start); err != nil {
		return nil, nil, err
	}
	x, err := newExpansion(f, s)
	if err != nil {
		return nil, nil, err
	}
	defer x.close()
	draws := random.New(seed, "shuffles")
	c := newControlled(len(start))
	var kept []shuffled
	for k := range pairs {
		if ctx.Err() != nil {
			return nil, nil, train.ErrInterrupted
		}
		batches := split(draws.Perm(f.Examples(objective.Train)), s.Batch)
		end, controls, err := pair(t, x, batches, start)
		if err != nil {
			return nil, nil, err
		}
		c.add(end, controls)
		if k < keep {
			kept = append(kept, shuffled{[2][][]int{batches, reversed(batches)}, end, controls})
		}
	}
	return c.cloud(start), kept, nil
}

// pair is the mean displacement from start by the batches in their order and in the reverse one, and its control variates.
func pair(t *train.Trainer, x *expansion, batches [][]int, start []float64) (displacement []float64, controls [2][]float64, err error) {
	displacement = make([]float64, len(start))
	controls = [2][]float64{make([]float64, len(start)), make([]float64, len(start))}
	for _, order := range [][][]int{batches, reversed(batches)} {
		if err := t.Reset(start); err != nil {
			return nil, controls, err
		}
		if err := x.controls(order, controls); err != nil {
			return nil, controls, err
		}
		end, err := follow(t, order, start)
		if err != nil {
			return nil, controls, err
		}
		for i, x := range end {
			displacement[i] += (x - start[i]) / 2
		}
	}
	return displacement, controls, nil
}

func split(order []int, batch int) [][]int {
	var batches [][]int
	for len(order) > batch {
		batches, order = append(batches, order[:batch]), order[batch:]
	}
	return append(batches, order)
}

func reversed(batches [][]int) [][]int {
	back := make([][]int, len(batches))
	for i, b := range batches {
		back[len(back)-1-i] = b
	}
	return back
}

// controlled is the mean of vectors d less the multiples of two control variates z of mean zero that leave least variance.
// It keeps sums alone: of d and z, and of their inner products.
type controlled struct {
	n   float64
	sum [3][]float64 // of d, z₁, z₂
	dot [3][3]float64
}

func newControlled(size int) *controlled {
	c := &controlled{}
	for k := range c.sum {
		c.sum[k] = make([]float64, size)
	}
	return c
}

func (c *controlled) add(d []float64, z [2][]float64) {
	c.n++
	all := [3][]float64{d, z[0], z[1]}
	for j, x := range all {
		floats.Add(c.sum[j], x)
		for k, y := range all {
			c.dot[j][k] += floats.Dot(x, y)
		}
	}
}

// cloud is the mean, as displacement from start.
func (c *controlled) cloud(start []float64) *cloud {
	spread := mat.NewSymDense(3, nil) // Σ ⟨x − x̄, y − ȳ⟩
	for j := range 3 {
		for k := range j + 1 {
			spread.SetSym(j, k, c.dot[j][k]-floats.Dot(c.sum[j], c.sum[k])/c.n)
		}
	}
	factors := multiples(spread)
	out := &cloud{mean: make([]float64, len(start))}
	for i := range start {
		out.mean[i] = start[i] + (c.sum[0][i]-factors[0]*c.sum[1][i]-factors[1]*c.sum[2][i])/c.n
	}
	residual := mat.NewVecDense(3, []float64{1, -factors[0], -factors[1]})
	out.variance = mat.Inner(residual, spread, residual) / (c.n - 1) / c.n
	return out
}

// multiples are the coefficients of z₁ and z₂ in the least-squares fit of d. A control that hardly varies has none.
func multiples(spread *mat.SymDense) (c [2]float64) {
	normal, right := mat.NewSymDense(2, nil), mat.NewVecDense(2, nil)
	for k := range 2 {
		own := spread.At(k+1, k+1)
		if own <= 1e-12*spread.At(0, 0) {
			normal.SetSym(k, k, 1)
			continue
		}
		normal.SetSym(k, k, own*(1+1e-9)) // keeps two controls of one direction apart
		right.SetVec(k, spread.At(0, k+1))
		if k == 1 && spread.At(1, 1) > 1e-12*spread.At(0, 0) {
			normal.SetSym(0, 1, spread.At(1, 2))
		}
	}
	var factor mat.Cholesky
	var solution mat.VecDense
	if !factor.Factorize(normal) || factor.SolveVecTo(&solution, right) != nil {
		return c
	}
	return [2]float64{solution.AtVec(0), solution.AtVec(1)}
}
