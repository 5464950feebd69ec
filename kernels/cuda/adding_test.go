//go:build gpu

package cuda

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/driver"
	"drift/kernels/group"
)

// patience is how long processes of these tests wait for each other.
const patience = time.Second

// gpus skips a test that takes more GPUs than there are.
func gpus(t *testing.T, n int) {
	t.Helper()
	if err := driver.Open(); err != nil {
		t.Skip(err)
	}
	if have, _ := cu.NumDevices(); have < n {
		t.Skipf("%d GPUs are needed and %d are here", n, have)
	}
}

// joined runs a body in n processes, goroutines here, each with a GPU of its own, once their devices have joined or not. Where one fails it
// ends the others, as a launcher does.
func joined(t *testing.T, n int, o Joining, body func(d *device, g *group.Group, how string) error) []error {
	t.Helper()
	gpus(t, n)
	groups, err := group.Local(n)
	if err != nil {
		t.Fatal(err)
	}
	failed := make([]error, n)
	var all sync.WaitGroup
	for rank, g := range groups {
		all.Go(func() {
			failed[rank] = func() error {
				dev, err := Open(rank, Options{})
				if err != nil {
					return err
				}
				defer dev.Close()
				how, err := Join(dev, g, o)
				if err != nil {
					return err
				}
				return body(dev.(*device), g, how)
			}()
			if failed[rank] != nil {
				g.Abort(1)
			}
		})
	}
	all.Wait()
	return failed
}

// leaf is what a process gives to a sum, of numbers whose sum depends on the order.
func leaf[T kernels.Float](rank, n int) []T {
	r, x := rand.New(rand.NewPCG(uint64(rank), 1)), make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64() * math.Exp(4*r.NormFloat64()))
	}
	return x
}

// sums adds up buffers of these lengths on the devices and on the host, and compares all bits.
func sums[T kernels.Float](d *device, g *group.Group, dt kernels.DType, lengths ...int) error {
	var buffers []kernels.Buffer
	for _, n := range lengths {
		b, err := d.NewBuffer(dt, n+2)
		if err != nil {
			return err
		}
		defer b.Free()
		buffers = append(buffers, b.Slice(1, n+1))
	}
	a, err := d.Adding(buffers)
	if err != nil {
		return err
	}
	defer a.Close()
	for try := range 3 {
		var want [][]T
		for k, b := range buffers {
			x := leaf[T](g.Rank()+10*try+100*k, b.Len())
			if err := b.Write(x); err != nil {
				return err
			}
			want = append(want, x)
			if err := g.Sum(x, nil); err != nil {
				return err
			}
		}
		if err := g.Through(a.Run, d.Synchronize()); err != nil {
			return err
		}
		for k, b := range buffers {
			got := make([]T, b.Len())
			if err := b.Read(got); err != nil {
				return err
			}
			for i, x := range got {
				if math.Float64bits(float64(x)) != math.Float64bits(float64(want[k][i])) {
					return fmt.Errorf("%v, buffer %d of %v, element %d is %v, want %v", dt, k, lengths, i, x, want[k][i])
				}
			}
		}
	}
	return nil
}

func TestDevicesAddUpToTheBitsOfTheHost(t *testing.T) {
	for _, n := range []int{2, 4, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			for rank, err := range joined(t, n, Joining{}, func(d *device, g *group.Group, how string) error {
				if !strings.HasPrefix(how, "sums by NCCL ") {
					return errors.New(how)
				}
				for _, limit := range []int{roundBytes, 40} { // all at once, and in many rounds
					d.roundBytes = limit
					if err := sums[float32](d, g, kernels.Float32, 1, 2, 7, 0, 100); err != nil {
						return err
					}
					if err := sums[float64](d, g, kernels.Float64, 33, 1); err != nil {
						return err
					}
				}
				d.roundBytes = roundBytes
				return sums[float32](d, g, kernels.Float32, 70001)
			}) {
				if err != nil {
					t.Errorf("process %d: %v", rank, err)
				}
			}
		})
	}
}

// More runs than one kernel adds are added in the same tree.
func TestTreeOfManyRuns(t *testing.T) {
	d := open(t, Options{})
	const n = 5
	for size := 1; size <= 8*leaves; size *= 2 {
		x := leaf[float32](1, n*size)
		room := buffer32(t, d, x)
		if calls := treeOf(room, n, size); len(calls) > 0 {
			run(t, d, 1, calls...)
		}
		for apart := 1; apart < size; apart *= 2 {
			for at := 0; at < size; at += 2 * apart {
				for i := range n {
					x[at*n+i] += x[(at+apart)*n+i]
				}
			}
		}
		if got := contents(t, room.Slice(0, n)); fmt.Sprint(got) != fmt.Sprint(x[:n]) {
			t.Errorf("%d runs: %v, want %v", size, got, x[:n])
		}
	}
}

// A call that fails in one process ends the sum in all of them, in time, with one line, and leaves devices that can be used and closed.
func TestSumsThatFailEndInAllProcesses(t *testing.T) {
	obedient(t)
	const n, bad = 4, 2
	for _, c := range []struct{ knob, says string }{
		{"ncclSend:3:fail", "ncclSend: unhandled system error (status 2): the stand-in; was told so"},
		{"ncclRecv:1:odd", "ncclRecv: refused by the stand-in (status 42)"},
		{"ncclGroupEnd:1:fail", "ncclGroupEnd: unhandled system error"},
		{"ncclGroupEnd:2:async", "remote process exited (status 6)"},
		{"ncclSend:2:async", "remote process exited (status 6)"},
		{"ncclGroupEnd:1:hang", "does not answer for"}, // it stands still in the middle
		{"ncclGroupEnd:4:hang", "does not answer for"},
	} {
		t.Run(c.knob, func(t *testing.T) {
			t.Setenv("DRIFT_EMULATOR_NCCL", fmt.Sprint(bad, ":", c.knob))
			begin := time.Now()
			for rank, err := range joined(t, n, Joining{Timeout: patience}, func(d *device, g *group.Group, how string) error {
				x, err := d.NewBuffer(kernels.Float32, 100000)
				if err != nil {
					return err
				}
				if !d.Joined() {
					return errors.New(how)
				}
				a, err := d.Adding([]kernels.Buffer{x})
				if err != nil {
					return err
				}
				defer a.Close()
				for err == nil && time.Since(begin) < time.Minute {
					err = g.Through(a.Run, d.Synchronize())
				}
				if a.Run() == nil {
					err = errors.New("a sum after one that failed is done")
				}
				if broken := errors.Join(d.Synchronize(), x.Write(make([]float32, x.Len())), x.Read(make([]float32, x.Len()))); broken != nil {
					err = broken
				}
				if g.Agree(nil) == nil {
					err = errors.New("the group goes on")
				}
				g.Abort(1)
				return err
			}) {
				says := []string{"does not answer for", "aborted"} // the latter where another process was first to end all
				if rank == bad {
					says = []string{c.says}
				}
				found := false
				for _, s := range says {
					found = found || err != nil && strings.Contains(err.Error(), s)
				}
				if !found || strings.Contains(err.Error(), "\n") {
					t.Errorf("process %d: %v, want one line with one of %q", rank, err, says)
				}
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Where NCCL cannot be used, sums go by way of the host, and a line says why.
func TestWithoutNCCLSumsGoByWayOfTheHost(t *testing.T) {
	obedient(t)
	for _, c := range []struct{ variable, value, says string }{
		{"DRIFT_NCCL", "off", "process 0: DRIFT_NCCL=off"},
		{"DRIFT_NCCL", "/no/such/libnccl.so.2", "no such file"},
		{"DRIFT_NCCL", "/dev/null", "opening NCCL"},
		{"DRIFT_EMULATOR_NCCL_VERSION", "21703", "is version 2.17.3, and 2.18.0 is the first that works"},
		{"DRIFT_EMULATOR_NCCL_VERSION", "30001", "is version 3.0.1, and only those"},
		{"DRIFT_EMULATOR_NCCL", "0:ncclGetUniqueId:1:fail", "process 0: NCCL: ncclGetUniqueId: unhandled system error"},
		{"DRIFT_EMULATOR_NCCL", "1:ncclCommInitRankConfig:1:fail", "process 1: NCCL: joining 4 processes: ncclCommInitRankConfig: unhandled system error"},
		{"DRIFT_EMULATOR_NCCL", "0:ncclCommInitRankConfig:1:fail", "process 0: NCCL: joining 4 processes: ncclCommInitRankConfig: unhandled system error"},
		{"DRIFT_EMULATOR_NCCL", "3:ncclCommInitRankConfig:1:hang", "process 0: NCCL: joining 4 processes: ncclCommInitRankConfig: another process does not answer"},
	} {
		t.Run(c.value, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			for rank, err := range joined(t, 4, Joining{Timeout: patience}, func(d *device, g *group.Group, how string) error {
				if !strings.HasPrefix(how, "sums by way of the host: ") || !strings.Contains(how, c.says) || strings.Contains(how, "\n") {
					return fmt.Errorf("%q, want one line with %q", how, c.says)
				}
				if d.Joined() {
					return errors.New("the device has joined")
				}
				return nil
			}) {
				if err != nil {
					t.Errorf("process %d: %v", rank, err)
				}
			}
		})
	}
}

// Close ends a communicator whose other processes do not come.
func TestCloseWaitsForNobody(t *testing.T) {
	obedient(t)
	t.Setenv("DRIFT_EMULATOR_NCCL", "1:ncclCommFinalize:1:fail")
	for rank, err := range joined(t, 2, Joining{}, func(d *device, g *group.Group, how string) error { return d.Close() }) {
		if err != nil {
			t.Errorf("process %d: %v", rank, err)
		}
	}
}
