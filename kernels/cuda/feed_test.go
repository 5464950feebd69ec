//go:build gpu

package cuda

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/cu"

	"drift/kernels"
)

// fed is a device with a feed of two floats, and a program that adds them to a sum.
type fed struct {
	*testing.T
	device *device
	feed   kernels.Feed
	sum    kernels.Buffer
	add    kernels.Executable
}

func newFed(t *testing.T) *fed {
	t.Helper()
	opened := open(t, Options{})
	f := &fed{T: t, device: opened}
	to, err := opened.NewBuffer(kernels.Float32, 2)
	f.must(err)
	f.sum, err = opened.NewBuffer(kernels.Float32, 2)
	f.must(err)
	f.feed, err = f.device.NewFeed(to)
	f.must(err)
	full := kernels.Access{B: 1, C: 1}
	add := kernels.Map{N: 2, Access: []kernels.Access{full, full}, Code: []kernels.Instr{{Fn: kernels.FnAdd, X: 0, Y: 1}}, Results: []uint8{2}}
	call := kernels.Call{Op: add, Out: []kernels.Buffer{f.sum}, In: []kernels.Buffer{f.sum, to}}
	f.add, err = opened.Load([]kernels.Call{call, call}) // two, so that they are recorded as a graph
	f.must(err)
	f.must(f.add.Run()) // adds the zeros of a new buffer
	f.must(f.feed.Leave())
	return f
}

func (f *fed) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// rounds adds 1, 2, 4 and 8 to the sum, twice each, with what each round does between the copy and the program, and behind it.
func (f *fed) rounds(send, arrive, leave func() error) []float32 {
	for round := range 4 {
		f.must(f.feed.Wait())
		host := f.feed.Host(0).([]float32)
		host[0], host[1] = float32(int(1)<<round), -1
		f.must(send())
		f.must(arrive())
		f.must(f.add.Run())
		f.must(leave())
	}
	got := make([]float32, 2)
	f.must(f.sum.Read(got))
	f.feed.Close()
	return got
}

var orders = []string{"late", "early"}

// What a feed sends arrives before the programs behind Arrive, and after those before Leave, however early or late copies are made.
func TestFeedKeepsItsOrder(t *testing.T) {
	for _, order := range orders {
		t.Setenv("DRIFT_EMULATOR_COPIES", order)
		f := newFed(t)
		send := func() error { return f.feed.Send([]int{2}) }
		if got := f.rounds(send, f.feed.Arrive, f.feed.Leave); !slices.Equal(got, []float32{30, -8}) {
			t.Errorf("copies made %s: %v", order, got)
		}
	}
}

// The emulated device shows that order is missing: a program that does not wait for its copy reads what was there before, and a copy that does not wait
// for the last program overwrites what that has yet to read.
func TestEmulatorShowsMissingWaits(t *testing.T) {
	if name, err := cu.Device(0).Name(); err != nil || !strings.Contains(name, "emulated") {
		t.Skip("a device that is not emulated may do either")
	}
	nothing := func() error { return nil }
	wrong := map[string][]float32{}
	for _, order := range orders {
		t.Setenv("DRIFT_EMULATOR_COPIES", order)
		f := newFed(t)
		send := func() error { return f.feed.Send([]int{2}) }
		wrong["no Arrive, copies made "+order] = f.rounds(send, nothing, f.feed.Leave)
		f = newFed(t)
		own := f.feed.(*feed)
		unordered := func() error { // Send without its wait for left
			return f.device.do(func() error {
				if err := cu.MemcpyHtoDAsync(own.to[0].place(0), own.host[0], 8, f.device.copies); err != nil {
					return err
				}
				return own.sent.Record(f.device.copies)
			})
		}
		wrong["no Leave, copies made "+order] = f.rounds(unordered, f.feed.Arrive, nothing)
	}
	for _, mistake := range []string{"no Arrive", "no Leave"} {
		seen := false
		for _, order := range orders {
			seen = seen || !slices.Equal(wrong[fmt.Sprintf("%s, copies made %s", mistake, order)], []float32{30, -8})
		}
		if !seen {
			t.Errorf("%s goes unnoticed: %v", mistake, wrong)
		}
	}
}
