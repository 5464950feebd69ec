package timing

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"strings"
	"time"

	"drift/bench/peers"
	"drift/kernels"
	"drift/kernels/cpu"
)

// Bench measures cases on a device.
type Bench struct {
	Device kernels.Device
	Peers  []*peers.Peer
	Time   time.Duration // for each case
	Clock  string        // one of Clocks
	Cases  []Case        // among which bases are looked for
}

// Result is what was measured of a case.
type Result struct {
	Name        string
	Seconds     Summary // of one call
	Flops       float64 // floating-point operations a second; 0 where they do not matter
	Peak        float64 // of the device's multiply-adds, measured right before and after; 0: unknown
	Allocations float64 // on the heap, a step
	Memory      int64   // bytes besides operands; 0: unknown
	MemoryRatio float64 // as a multiple of the base's; 0: unknown
	Against     []Comparison
}

// against is the place of the comparison with a group that did not fail, or −1.
func (r Result) against(group string) int {
	for k, c := range r.Against {
		if c.Group == group && c.Err == nil {
			return k
		}
	}
	return -1
}

// baseGroup is the group of the comparison with a case's base.
const baseGroup = "gradient"

// settle is longer than the threads of the CPU device look for work before they sleep.
const settle = 10 * time.Millisecond

// Measure times a case beside its base and the peers that can do the same.
func (b *Bench) Measure(ctx context.Context, c Case) (Result, error) {
	defer debug.FreeOSMemory()
	clock := Clocks()[b.Clock]
	result := Result{Name: c.Name}
	own, err := c.Open(b.Device)
	if err != nil {
		return result, fmt.Errorf("preparing %s: %w", c.Name, err)
	}
	defer own.Close()
	if err := own.Run(); err != nil {
		return result, fmt.Errorf("running %s: %w", c.Name, err)
	}
	if result.Allocations, err = own.allocations(); err != nil {
		return result, fmt.Errorf("running %s: %w", c.Name, err)
	}
	result.Memory = own.memory()
	var rivals []Rival
	base, err := b.base(c)
	if err != nil {
		return result, err
	}
	if base != nil {
		defer base.Close()
		rivals = append(rivals, Rival{Name: c.Base, Group: baseGroup, Time: base.timer(clock)})
		result.MemoryRatio = float64(result.Memory) / float64(base.memory())
	}
	rivals = append(rivals, b.libraries(c)...)
	flops, err := c.flops()
	if err != nil {
		return result, err
	}
	if flops > 0 {
		result.Peak = b.peak(clock, c.DType)
	}
	result.Seconds, result.Against, err = clock.Measure(ctx, own.timer(clock), rivals, b.Time)
	if err != nil {
		return result, fmt.Errorf("timing %s: %w", c.Name, err)
	}
	if flops > 0 {
		result.Flops, result.Peak = flops/result.Seconds.Median, math.Max(result.Peak, b.peak(clock, c.DType))
	}
	return result, nil
}

// flops is the operations of one call, 0 where they do not matter.
func (c Case) flops() (float64, error) {
	if !c.Count {
		return c.Flops, nil
	}
	counted, err := Count(c)
	sum := 0.0
	for _, r := range counted.Rows {
		if kindOf(r.Op) == kindProduct {
			sum += r.Flops * float64(r.Count) / float64(counted.Steps)
		}
	}
	return sum, err
}

// peak is the rate of the device's multiply-adds, once its threads have stopped looking for work.
func (b *Bench) peak(clock Clock, dt kernels.DType) float64 {
	clock.Sleep(settle)
	return cpu.Peak(b.Device, dt)
}

// base opens a case's base and runs it once; it is nil where there is none.
func (b *Bench) base(c Case) (*Work, error) {
	for _, other := range b.Cases {
		if other.Name != c.Base {
			continue
		}
		w, err := other.Open(b.Device)
		if err != nil {
			return nil, fmt.Errorf("preparing %s: %w", c.Base, err)
		}
		if err := w.Run(); err != nil {
			w.Close()
			return nil, fmt.Errorf("running %s: %w", c.Base, err)
		}
		return w, nil
	}
	return nil, nil
}

// libraries is the peers as rivals; those of one library with different settings are a group.
func (b *Bench) libraries(c Case) []Rival {
	var rivals []Rival
	for _, p := range b.Peers {
		if c.Request == nil || !p.Can(c.Request.Op) {
			continue
		}
		r := *c.Request
		r.Clock = b.Clock
		library, _, _ := strings.Cut(p.Library, " ")
		rivals = append(rivals, Rival{Name: p.Name(), Group: library, Settle: settle,
			Time: func(ctx context.Context, slot time.Duration) (float64, error) { return p.Time(ctx, r, slot) }})
	}
	return rivals
}
