//go:build gpu

package cuda

import (
	"cmp"
	"errors"
	"slices"

	"gorgonia.org/cu"

	"drift/kernels/cuda/cudnn"
)

// Each engine is run once to load what it needs, and once to see how long it takes. The median of the samples after that counts; in a sample, a short
// engine runs several times.
const (
	samples = 5
	batched = 10  // runs of one sample at most
	sample  = 0.3 // ms that a sample is to take
)

// fastest times engines for the same convolution, with what moves their operands, on memory of their own: the program's holds numbers that count.
// Those that fail are passed over; where there is no memory for it, the first is taken. The times of a device that is lost are an error.
func (p *planner) fastest(list []*chosen) (*chosen, error) {
	d := p.device
	c := list[0].conv
	room := trial{planner: p}
	defer room.free()
	at := operands{}
	for operand, elements := range [...]int{
		cudnn.Output: c.Conv.N * c.Conv.O * c.Conv.OutH() * c.Conv.OutW(), cudnn.Image: image(c.Conv.Window), cudnn.Kernels: taps(c.Conv),
	} {
		dt := c.Factors
		if cudnn.Direction(operand) == c.Direction {
			dt = c.Result
		}
		at[operand] = room.get(int64(elements) * elementBytes[dt])
		room.narrow(at[operand], dt)
	}
	if c.Bias {
		at[bias] = room.get(int64(c.Conv.O) * elementBytes[c.BiasType])
		room.narrow(at[bias], c.BiasType)
	}
	var timedOnes []*chosen
	for _, e := range list {
		ms, err := room.time(e, at)
		if d.engines.lost(err) {
			return nil, err
		}
		if err == nil {
			e.Microseconds, e.origin = ms*1e3, string(timed)
			timedOnes = append(timedOnes, e)
		}
	}
	if len(timedOnes) == 0 {
		return list[0], nil
	}
	best := slices.MinFunc(timedOnes, func(a, b *chosen) int { return cmp.Compare(a.Microseconds, b.Microseconds) })
	best.Tried = len(timedOnes)
	return best, nil
}

// operands are the addresses of a convolution's operands, by their directions, and that of its bias.
type operands [4]uint64

const bias = 3

// trial is memory to try engines on.
type trial struct {
	*planner
	blocks []uint64
	bf16   []uint64
	err    error
}

func (t *trial) get(bytes int64) uint64 {
	if t.err != nil {
		return 0
	}
	var block uint64
	block, t.err = t.device.pool.get(bytes)
	t.blocks = append(t.blocks, block)
	return block
}

func (t *trial) free() {
	for _, block := range t.blocks {
		t.device.pool.put(block)
	}
}

// narrow notes an operand that is stored as bfloat16.
func (t *trial) narrow(at uint64, dt cudnn.DataType) {
	if dt == cudnn.BFloat16 {
		t.bf16 = append(t.bf16, at)
	}
}

// plan makes the commands of one convolution with scratch memory at an address.
func (t *trial) plan(e *chosen, at operands, scratch uint64, sizing bool) (*planner, error) {
	p := &planner{device: t.device, dtype: t.dtype, workspace: t.workspace, scratch: scratch, sizing: sizing, narrow: make(map[uint64]bool)}
	for _, address := range t.bf16 {
		p.narrow[address] = true
	}
	return p, p.convolve(e, at[cudnn.Image], at[cudnn.Output], at[cudnn.Kernels], at[bias])
}

// time is the milliseconds of one convolution.
func (t *trial) time(e *chosen, at operands) (ms float64, err error) {
	sizing, err := t.plan(e, at, 0, true)
	if err = errors.Join(t.err, err); err != nil {
		return 0, err
	}
	scratch, err := t.device.pool.get(sizing.scratchBytes)
	if err != nil {
		return 0, err
	}
	defer t.device.pool.put(scratch)
	p, err := t.plan(e, at, scratch, false)
	defer release(p.commands)
	if err != nil {
		return 0, err
	}
	return t.device.milliseconds(p.commands)
}

// milliseconds is the median time of commands that were run before.
func (d *device) milliseconds(commands []command) (float64, error) {
	var events [2]cu.Event
	for k := range events {
		event, err := cu.MakeEvent(cu.DefaultEvent)
		if err != nil {
			return 0, d.check("making an event", err)
		}
		defer cu.DestroyEvent(&event)
		events[k] = event
	}
	var times []float64
	runs := 1
	for k := range samples + 2 {
		ms, err := d.between(events, commands, runs)
		if err != nil {
			return 0, d.check("timing a convolution", err)
		}
		switch {
		case k == 1: // the first one loads what it needs
			runs = min(batched, 1+int(sample/max(ms, 1e-3)))
		case k > 1:
			times = append(times, ms/float64(runs))
		}
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// between is the milliseconds that commands take in a number of runs.
func (d *device) between(events [2]cu.Event, commands []command, runs int) (float64, error) {
	err := events[0].Record(d.stream)
	for range runs {
		for _, c := range commands {
			if err == nil {
				err = c.issue(d)
			}
		}
	}
	if err == nil {
		err = events[1].Record(d.stream)
	}
	if err == nil {
		err = d.stream.Synchronize()
	}
	if err != nil {
		return 0, err
	}
	return events[0].Elapsed(events[1])
}
