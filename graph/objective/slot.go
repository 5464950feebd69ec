package objective

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"drift/data"
	"drift/kernels"
)

// slot is room for the examples of a chunk, on the host and on the device.
type slot struct {
	objective *onDevice
	feed      kernels.Feed
	first     int      // place of its first example in the device's buffers
	columns   []column // of the inputs, and the targets
	read      []int    // examples in the columns, none after a problem
	device    []int    // examples on the device, or on their way there
	problem   error    // of the last reads
	counts    []int    // elements that are sent
}

// column is one of the inputs, or the targets, of the examples of a chunk on the host.
type column struct {
	what    string
	in      Input
	from    int // among the numbers of an example
	doubles []float64
	singles []float32
	ids     []int32
	bytes   []byte
}

func newSlot(f *Objective, feed kernels.Feed, first int) *slot {
	o := &slot{objective: f.onDevice, feed: feed, first: first}
	at := 0
	for i, in := range f.Model.Inputs() {
		o.columns = append(o.columns, newColumn("input", in, at, feed.Host(i)))
		at += in.Size()
	}
	o.columns = append(o.columns, newColumn("target", f.Model.Target(), 0, feed.Host(len(o.columns))))
	o.counts = make([]int, len(o.columns))
	return o
}

func newColumn(what string, in Input, from int, host any) column {
	c := column{what: what, in: in, from: from}
	switch host := host.(type) {
	case []int32:
		c.ids = host
	case []float64:
		c.doubles = host
	case []float32:
		c.singles = host
	case []byte:
		c.bytes = host
	}
	return c
}

// fill reads examples into the columns, and sends them on where that need not wait.
func (o *slot) fill(examples []int, send bool) {
	o.read = o.read[:0]
	if send {
		o.device = o.device[:0]
	}
	if o.problem = o.feed.Wait(); o.problem == nil {
		o.problem = o.rows(examples)
	}
	if o.problem == nil {
		o.read = append(o.read, examples...)
	}
	if send && o.problem == nil {
		o.problem = o.send()
	}
}

// send begins to copy the columns to the device.
func (o *slot) send() error {
	for k, c := range o.columns {
		o.counts[k] = len(o.read) * c.in.Size()
	}
	if err := o.feed.Send(o.counts); err != nil {
		return err
	}
	o.device = append(o.device[:0], o.read...)
	return nil
}

// rows reads examples on as many goroutines as there are processors.
func (o *slot) rows(examples []int) error {
	f := o.objective
	workers := min(runtime.GOMAXPROCS(0), (len(examples)+31)/32)
	failed := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			x, y := make([]float64, f.parts[0].Size()), make([]float64, f.parts[0].Targets())
			for i := w; i < len(examples) && failed[w] == nil; i += workers {
				failed[w] = o.row(i, examples[i], x, y)
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// row reads an example to place i.
func (o *slot) row(i, example int, x, y []float64) error {
	part, own := o.objective.partOf(example)
	set := &o.objective.parts[part]
	var err error
	inputs := o.columns[:len(o.columns)-1]
	if o.objective.packed != nil {
		err = o.packedRow(i, *set, own, y)
		inputs = nil
	} else {
		err = set.ReadRow(own, x, y)
	}
	if err != nil {
		return err
	}
	wrong := func(c *column, err error) error {
		return fmt.Errorf("the %s of example %d of %s %w", c.what, own, set.Name, err)
	}
	for k := range inputs {
		c := &inputs[k]
		if err := c.put(i, x[c.from:c.from+c.in.Size()]); err != nil {
			return wrong(c, err)
		}
	}
	targets := &o.columns[len(o.columns)-1]
	if err := targets.put(i, y); err != nil {
		return wrong(targets, err)
	}
	return nil
}

// packedRow reads the bytes of an example to place i, and its targets.
func (o *slot) packedRow(i int, set data.Set, own int, y []float64) error {
	c := &o.columns[0]
	bytes := c.bytes[i*c.in.Size() : (i+1)*c.in.Size()]
	if err := set.ReadBytes(own, bytes); err != nil {
		return fmt.Errorf("example %d of %s: %w", own, set.Name, err)
	}
	if err := checkBytes(c.in, bytes); err != nil {
		return fmt.Errorf("the %s of example %d of %s %w", c.what, own, set.Name, err)
	}
	return data.ReadTargets(set, own, y)
}

// put converts the numbers of the i-th example.
func (c *column) put(i int, values []float64) error {
	at := i * len(values)
	for k, v := range values {
		switch {
		case c.doubles != nil:
			c.doubles[at+k] = v
		case c.singles != nil:
			single := float32(v)
			if math.IsInf(float64(single), 0) {
				return fmt.Errorf("holds %v, which float32 cannot: compute in float64, or scale the data", v)
			}
			c.singles[at+k] = single
		default:
			none := c.what == "target" && v < 0 && len(c.in.Shape) > 0 // a position without a target
			if !none && !(v >= 0 && v < float64(c.in.Index) && v == math.Trunc(v)) {
				return fmt.Errorf("holds %v, the model takes whole numbers from 0 to %d", v, c.in.Index-1)
			}
			c.ids[at+k] = int32(v)
		}
	}
	return nil
}
