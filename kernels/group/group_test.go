package group_test

import (
	"testing"

	"drift/kernels/group"
	"drift/kernels/group/grouptest"
)

func TestGoroutines(t *testing.T) {
	grouptest.Run(t, func(t *testing.T, n int, body func(g *group.Group) error) {
		groups, err := group.Local(n)
		if err != nil {
			t.Fatal(err)
		}
		grouptest.Each(t, groups, body)
	})
}

func TestOneProcessCostsNothing(t *testing.T) {
	var alone *group.Group
	x := []float64{1, 2}
	if err := alone.Sum(x, nil); err != nil || x[0] != 1 || alone.Size() != 1 || !alone.First() {
		t.Errorf("size %d, first %v, sum %v, %v", alone.Size(), alone.First(), x, err)
	}
	if n := testing.AllocsPerRun(10, func() { _ = alone.Agree(nil) }); n > 0 {
		t.Errorf("Agree allocates %v times", n)
	}
}

func TestNumbersOfProcessesWithoutATreeAreRefused(t *testing.T) {
	for _, n := range []int{3, 6} {
		if _, err := group.Local(n); err == nil {
			t.Errorf("a group of %d is made", n)
		}
	}
}
