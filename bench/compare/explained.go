package compare

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"drift/optim"
	"drift/optim/objective"
)

// cloud is the mean of independent vectors and the variance of that mean: E‖mean − truth‖².
type cloud struct {
	mean     []float64
	variance float64
}

// shuffles is the mean end of one epoch of SGD from start, over pairs of random orders of the batches and their reverses.
// An order and its reverse cancel what of order η² depends on the order of the batches alone, which leaves far less noise.
func shuffles(ctx context.Context, f *objective.Objective, s optim.Settings, start []float64, pairs int, seed uint64) (*cloud, error) {
	t, err := optim.NewTrainer(f, epochOf(s), seed)
	if err != nil {
		return nil, fmt.Errorf("drift over an epoch: %w", err)
	}
	defer t.Close()
	first, err := newFirstOrder(f, s)
	if err != nil {
		return nil, fmt.Errorf("drift over an epoch: %w", err)
	}
	defer first.close()
	random := rand.New(rand.NewPCG(seed, 0x5eed0f5117ff1e5))
	sum, squares := make([]float64, len(start)), 0.
	for range pairs {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("drift over an epoch: %w", optim.ErrInterrupted)
		}
		batches := split(random.Perm(f.Examples(objective.Train)), s.Batch)
		displacement, err := pair(t, first, batches, start)
		if err != nil {
			return nil, fmt.Errorf("drift over an epoch: %w", err)
		}
		for i, x := range displacement {
			sum[i] += x
			squares += x * x
		}
	}
	c, n := &cloud{mean: sum}, float64(pairs)
	for i, x := range sum {
		c.mean[i] = start[i] + x/n
		squares -= x * x / n
	}
	c.variance = squares / (n - 1) / n
	return c, nil
}

// pair is the mean displacement from start by the batches in their order and in the reverse one, less what has mean zero.
func pair(t *optim.Trainer, first *firstOrder, batches [][]int, start []float64) ([]float64, error) {
	displacement, err := first.displacement(t, batches, start)
	if err != nil {
		return nil, err
	}
	for i := range displacement {
		displacement[i] = -displacement[i]
	}
	for _, order := range [][][]int{batches, reversed(batches)} {
		end, err := follow(t, order, start)
		if err != nil {
			return nil, err
		}
		for i, x := range end {
			displacement[i] += (x - start[i]) / 2
		}
	}
	return displacement, nil
}

// epochOf is settings for one epoch: without what changes over a run.
func epochOf(s optim.Settings) optim.Settings {
	s.Schedule, s.Warmup = "constant", 0
	return s
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

// follow is where a trainer arrives from start by the given batches.
func follow(t *optim.Trainer, batches [][]int, start []float64) ([]float64, error) {
	if err := t.Reset(start); err != nil {
		return nil, err
	}
	for _, b := range batches {
		if err := t.Move(b, t.Settings.Rate); err != nil {
			return nil, fmt.Errorf("drift over an epoch: %w", err)
		}
	}
	end := make([]float64, len(start))
	return end, t.Objective.Parameters().Read(end)
}

// explained is 1 − ‖θ_reg − ⟨θ_sgd⟩‖/‖θ_gd − ⟨θ_sgd⟩‖ after as many steps as SGD has in an epoch, all from one start: 1 where
// the regularizer leads just where SGD goes in the mean, 0 where it leaves as much as plain descent. The noise of the mean
// over shuffles, which would lengthen both distances, is taken out of their squares.
func explained(f *objective.Objective, sgd *cloud, s, gd, reg optim.Settings, start []float64) (float64, error) {
	n := f.Examples(objective.Train)
	all := make([][]int, s.BatchesPerEpoch(n))
	for i := range all {
		all[i] = f.All(objective.Train)
	}
	var distance [2]float64
	for k, settings := range []optim.Settings{reg, gd} {
		t, err := optim.NewTrainer(f, epochOf(settings), 0)
		if err != nil {
			return 0, fmt.Errorf("drift over an epoch: %w", err)
		}
		end, err := follow(t, all, start)
		t.Close()
		if err != nil {
			return 0, err
		}
		distance[k] = -sgd.variance
		for i, x := range end {
			distance[k] += (x - sgd.mean[i]) * (x - sgd.mean[i])
		}
	}
	return 1 - math.Sqrt(math.Max(0, distance[0])/distance[1]), nil
}
