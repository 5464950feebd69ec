package pool

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type counter struct {
	seen [1000]atomic.Int32
	busy [8]atomic.Int32
	bad  atomic.Bool
}

func (c *counter) Do(worker, task int) {
	if c.busy[worker].Add(1) != 1 {
		c.bad.Store(true)
	}
	c.seen[task].Add(1)
	c.busy[worker].Add(-1)
}

func TestEveryTaskRunsOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		p := New(threads)
		for _, tasks := range []int{0, 1, 2, 7, 1000} {
			for round := range 50 {
				var c counter
				p.Run(tasks, &c)
				for i := range c.seen {
					want := int32(0)
					if i < tasks {
						want = 1
					}
					if got := c.seen[i].Load(); got != want {
						t.Fatalf("%d threads, round %d: task %d of %d ran %d times", threads, round, i, tasks, got)
					}
				}
				if c.bad.Load() {
					t.Fatal("two tasks at once on one worker")
				}
			}
		}
		p.Close()
	}
}

type function func(task int)

func (f function) Do(_, task int) { f(task) }

func TestConcurrentAndNestedCallers(t *testing.T) {
	p := New(4)
	defer p.Close()
	var sum atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 200 {
				p.Run(10, function(func(int) {
					p.Run(3, function(func(task int) { sum.Add(int64(task)) }))
				}))
			}
		})
	}
	callers.Wait()
	if got, want := sum.Load(), int64(8*200*10*3); got != want {
		t.Errorf("sum %d, want %d", got, want)
	}
}

func TestHelpersComeBackAfterSleeping(t *testing.T) {
	p := New(2)
	defer p.Close()
	for range 3 {
		time.Sleep(3 * patience)
		var together sync.WaitGroup
		together.Add(2)
		p.resume.Store(0)             // whatever the machine did to the round before
		p.Run(2, function(func(int) { // ends only if two workers meet
			together.Done()
			together.Wait()
		}))
	}
}

func TestCallersWorkAloneAfterAStall(t *testing.T) {
	p := New(2)
	defer p.Close()
	p.Waited(stall, stall) // no longer than tasks take
	if p.solo() {
		t.Error("alone after a short wait")
	}
	p.Waited(10*stall, stall)
	if !p.solo() {
		t.Error("not alone after a long wait")
	}
	p.resume.Store(1) // long ago
	for range 2 {
		if p.solo() {
			t.Error("alone for ever")
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := New(2)
	defer p.Close()
	var c counter
	if n := testing.AllocsPerRun(100, func() { p.Run(1000, &c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	p := New(2)
	defer p.Close()
	var c counter
	for b.Loop() {
		p.Run(2, &c)
	}
}
