// Package grouptest is the suite that every transport of package group passes.
package grouptest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"drift/kernels/group"
)

// Start runs a body in every process of a group of n.
type Start func(t *testing.T, n int, body func(g *group.Group) error)

// Each runs a body in a goroutine for each group, and fails with the first error.
func Each(t *testing.T, groups []*group.Group, body func(g *group.Group) error) {
	t.Helper()
	var all sync.WaitGroup
	failed := make([]error, len(groups))
	for k, g := range groups {
		all.Go(func() {
			if failed[k] = body(g); failed[k] != nil {
				g.Abort(1)
			}
		})
	}
	all.Wait()
	for k, err := range failed {
		if err != nil {
			t.Errorf("process %d: %v", k, err)
		}
	}
}

var bodies = map[string]func(g *group.Group) error{
	"sums": sums, "types": types, "flags": flags, "failures": failures, "interruptions": interruptions, "late": late, "broadcasts": broadcasts, "gatherings": gatherings,
	"differences": differences,
}

// Names are those of the suite's parts.
func Names() []string { return slices.Sorted(maps.Keys(bodies)) }

// Run is the suite.
func Run(t *testing.T, start Start) {
	for _, n := range []int{1, 2, 4, 8} {
		for _, name := range Names() {
			t.Run(fmt.Sprint(name, " of ", n), func(t *testing.T) {
				start(t, n, func(g *group.Group) error { return one(g, name, n) })
			})
		}
	}
}

func one(g *group.Group, name string, n int) error {
	if g.Size() != n {
		return fmt.Errorf("the group has %d processes, want %d", g.Size(), n)
	}
	if err := bodies[name](g); err != nil {
		return err
	}
	return g.Close()
}

// Variable is the environment variable that names the part of the suite for Inside.
const Variable = "DRIFT_TEST_PART"

// Inside runs a part of the suite in a process that belongs to a group of n already.
func Inside(t *testing.T, n string, start func() (*group.Group, error)) {
	size, err := strconv.Atoi(n)
	if err != nil {
		t.Fatal(err)
	}
	g, err := start()
	if err != nil {
		t.Fatal(err)
	}
	if err := one(g, os.Getenv(Variable), size); err != nil {
		fmt.Println(err)
		g.Abort(1)
	}
}

// Leaf is what process k gives to a sum, of numbers whose sum depends on the order.
func Leaf(k, n int) []float32 {
	r, x := rand.New(rand.NewPCG(uint64(k), 1)), make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * math.Exp(4*r.NormFloat64()))
	}
	return x
}

// tree is the sum of leaves from … to−1.
func tree(leaf func(k int) float32, from, to int) float32 {
	if to-from == 1 {
		return leaf(from)
	}
	middle := (from + to) / 2
	return tree(leaf, from, middle) + tree(leaf, middle, to)
}

func sums(g *group.Group) error {
	for _, n := range []int{1, 2, 7, 1000, 70001} { // fewer than processes, not a multiple of them, and many
		x := Leaf(g.Rank(), n)
		if err := g.Sum(x, nil); err != nil {
			return err
		}
		leaves := make([][]float32, g.Size())
		for k := range leaves {
			leaves[k] = Leaf(k, n)
		}
		for i := range x {
			if want := tree(func(k int) float32 { return leaves[k][i] }, 0, g.Size()); math.Float32bits(x[i]) != math.Float32bits(want) {
				return fmt.Errorf("element %d of %d is %v, want %v", i, n, x[i], want)
			}
		}
	}
	return nil
}

func types(g *group.Group) error {
	x := []float64{1, float64(g.Rank()), math.Pi}
	if err := g.Sum(x, nil); err != nil {
		return err
	}
	if k := float64(g.Size()); x[0] != k || x[1] != k*(k-1)/2 {
		return fmt.Errorf("the sum is %v", x)
	}
	if err := g.Sum([]int{1}, nil); g.Size() > 1 && err == nil {
		return errors.New("a sum of []int is taken")
	}
	return nil
}

func flags(g *group.Group) error {
	for rank := range g.Size() + 1 { // the last is none's
		any, err := g.Any(g.Rank() == rank)
		if err != nil || any != (rank < g.Size()) {
			return fmt.Errorf("a flag of process %d is %v, %v", rank, any, err)
		}
	}
	return nil
}

var errFull = errors.New("the disk is full")

// failures: an error of one process is everyone's, and ends the group.
func failures(g *group.Group) error {
	last := g.Size() - 1
	var own error
	if g.Rank() == last {
		own = errFull
	}
	err := g.Sum([]float64{1}, own)
	if g.Rank() == last {
		if err != errFull {
			return fmt.Errorf("the one that failed gets %v", err)
		}
	} else {
		var e group.Elsewhere
		if !errors.As(err, &e) || e.Rank != last || !strings.Contains(err.Error(), errFull.Error()) || !strings.Contains(err.Error(), fmt.Sprint(last)) {
			return fmt.Errorf("the others get %v", err)
		}
	}
	if g.Size() > 1 && g.Agree(nil) == nil {
		return errors.New("the group goes on")
	}
	return nil
}

func interruptions(g *group.Group) error {
	var own error
	if g.Rank() == 0 {
		own = fmt.Errorf("a pass: %w", context.Canceled)
	}
	if err := g.Agree(own); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("an interruption is %v", err)
	}
	return nil
}

// late: one that fails where the others do not look ends their next sum on its way out.
func late(g *group.Group) error {
	if g.Rank() == 0 {
		if err := g.Agree(errFull); err != errFull {
			return fmt.Errorf("the one that failed gets %v", err)
		}
		return nil
	}
	if err := g.Sum([]float32{1, 2, 3}, nil); err == nil || !strings.Contains(err.Error(), errFull.Error()) {
		return fmt.Errorf("a sum without one process is %v", err)
	}
	return nil
}

func broadcasts(g *group.Group) error {
	for _, text := range []string{"", "a", strings.Repeat("settings", 10000)} {
		own := []byte("something else")
		if g.First() {
			own = []byte(text)
		}
		got, err := g.Broadcast(own)
		if err != nil || string(got) != text {
			return fmt.Errorf("%d bytes came as %d: %v", len(text), len(got), err)
		}
	}
	return nil
}

func gatherings(g *group.Group) error {
	for _, each := range []int{0, 1, 10000} { // bytes more from each process than from the one before it
		all, err := g.Gather([]byte(strings.Repeat(fmt.Sprint(g.Rank()), each*g.Rank())))
		if err != nil || len(all) != g.Size() {
			return fmt.Errorf("%d parts come: %v", len(all), err)
		}
		for k, part := range all {
			if string(part) != strings.Repeat(fmt.Sprint(k), each*k) {
				return fmt.Errorf("%d bytes of process %d come as %d", each*k, k, len(part))
			}
		}
	}
	return nil
}

func differences(g *group.Group) error {
	if err := g.Same("data", []byte("the same")); err != nil {
		return err
	}
	own := "data"
	if last := g.Size() - 1; last > 0 && g.Rank() == last {
		own = "others"
	}
	err := g.Same("data", []byte(own))
	if g.Size() > 1 && (err == nil || !strings.Contains(err.Error(), fmt.Sprint("process ", g.Size()-1, " has other data"))) {
		return fmt.Errorf("other data are %v", err)
	}
	return nil
}
