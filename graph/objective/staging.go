package objective

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"drift/data"
	"drift/kernels"
)

// staging brings the examples of a chunk to the device where they do not all lie there: those of the chunk behind it, or of a step that
// was announced, are read while the device works. Programs gather them by their places in the chunk, so that results have the same bits.
type staging struct {
	objective *onDevice
	slots     kernels.Buffer // [chunk] 0, 1, 2 …
	current   []int          // examples on the device
	coming    []int          // examples of the next pass, as far as they are known
	columns   []column       // of the inputs, and the targets
	read      []int          // examples in the columns, or on their way there
	reading   chan error     // nil unless reads are under way
	problem   error          // of the last reads
	slow      bool           // reads take so long that it pays to begin them early
}

// column is one of the inputs, or the targets, of the examples of a chunk on the host.
type column struct {
	what    string
	in      Input
	from    int // among the numbers of an example
	doubles []float64
	singles []float32
	ids     []int32
}

// worthAhead is how long reads take that are begun early. A shorter one is over before another goroutine would have woken up.
const worthAhead = 500 * time.Microsecond

// resident is the share of the free memory of a device up to which the examples all lie there.
const resident = 0.5

// stages tells whether examples shall come to the device a chunk at a time.
func (f *Objective) stages(most int64) bool {
	bytes := int64(0)
	for _, set := range f.parts {
		if set.Rows != nil && set.Len() > 0 {
			return true
		}
		bytes += int64(set.Len()) * int64(set.Size()+set.Targets()) * int64(f.dtype.Size())
	}
	if most == 0 {
		most = int64(resident * float64(f.device.FreeBytes()))
	}
	return bytes > most
}

// stage prepares for that.
func (f *Objective) stage() (err error) {
	f.capacity = 1 // enough for plans
	if err = f.reserveData(f.capacity); err == nil && f.chunk == 0 {
		f.chunk, err = f.defaultChunk()
	}
	f.freeData()
	if f.capacity = f.chunk; err == nil {
		err = f.reserveData(f.capacity)
	}
	s := &staging{objective: f.onDevice}
	f.staging = s
	if err == nil {
		s.slots, err = f.device.NewBuffer(kernels.Int32, f.chunk)
	}
	if err != nil {
		return err
	}
	places := make([]int32, f.chunk)
	for i := range places {
		places[i] = int32(i)
	}
	at := 0
	for _, in := range f.Model.Inputs() {
		s.columns = append(s.columns, newColumn("input", in, at, f.dtype, f.chunk))
		at += in.Size()
	}
	s.columns = append(s.columns, newColumn("target", f.Model.Target(), 0, f.dtype, f.chunk))
	return s.slots.Write(places)
}

func newColumn(what string, in Input, from int, dt kernels.DType, n int) column {
	c := column{what: what, in: in, from: from}
	switch in.DType(dt) {
	case kernels.Int32:
		c.ids = make([]int32, n*in.Size())
	case kernels.Float64:
		c.doubles = make([]float64, n*in.Size())
	default:
		c.singles = make([]float32, n*in.Size())
	}
	return c
}

// Expect announces the examples of the pass after the next one, so that they can be read meanwhile where they do not lie on the device.
func (f *Objective) Expect(examples []int) {
	if f.staging == nil {
		return
	}
	from, to := 0, min(len(examples), f.chunk)
	if f.divides() {
		first, _ := f.division.own()
		from, to = f.division.part(first, len(examples))
		to = min(to, from+f.chunk)
	}
	f.staging.coming = append(f.staging.coming[:0], examples[from:to]...)
}

// bring has the examples on the device.
func (s *staging) bring(examples []int) error {
	if slices.Equal(s.current, examples) {
		return nil
	}
	if err := s.hold(examples); err != nil {
		return err
	}
	s.current = s.current[:0]
	f := s.objective
	for i := range s.columns {
		to := f.targets
		if i < len(f.inputs) {
			to = f.inputs[i]
		}
		if err := s.columns[i].write(to, len(examples)); err != nil {
			return err
		}
	}
	s.current = append(s.current, examples...)
	return nil
}

// hold has the examples in the columns.
func (s *staging) hold(examples []int) error {
	s.wait()
	if !slices.Equal(s.read, examples) {
		s.read = append(s.read[:0], examples...)
		start := time.Now()
		s.problem = s.fill()
		s.slow = time.Since(start) > worthAhead
	}
	return s.problem
}

// ahead reads what comes next: the rest of the pass, or what was announced.
func (s *staging) ahead(rest []int) {
	if len(rest) == 0 {
		rest = s.coming
	}
	if s.slow && len(rest) > 0 && !slices.Equal(rest, s.current) && !slices.Equal(rest, s.read) {
		s.wait()
		s.start(rest)
	}
}

// start begins to read.
func (s *staging) start(examples []int) {
	s.read = append(s.read[:0], examples...)
	done := make(chan error, 1)
	s.reading = done
	go func() { done <- s.fill() }()
}

func (s *staging) wait() {
	if s.reading != nil {
		s.problem, s.reading = <-s.reading, nil
	}
}

// fill reads the examples into the columns, on as many goroutines as there are processors.
func (s *staging) fill() error {
	workers := min(runtime.GOMAXPROCS(0), (len(s.read)+31)/32)
	failed := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			x, y := make([]float64, s.objective.parts[0].Size()), make([]float64, s.objective.parts[0].Targets())
			for i := w; i < len(s.read) && failed[w] == nil; i += workers {
				failed[w] = s.row(i, x, y)
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

// close waits for reads.
func (s *staging) close() {
	if s != nil {
		s.wait()
		Free(s.slots)
	}
}

// row reads the i-th of the examples.
func (s *staging) row(i int, x, y []float64) error {
	example := s.read[i]
	var set data.Set
	for _, set = range s.objective.parts {
		if example < set.Len() {
			break
		}
		example -= set.Len()
	}
	if err := set.ReadRow(example, x, y); err != nil {
		return err
	}
	for k := range s.columns {
		c := &s.columns[k]
		values := x
		if k == len(s.columns)-1 {
			values = y
		}
		if err := c.put(i, values[c.from:c.from+c.in.Size()]); err != nil {
			return fmt.Errorf("the %s of example %d of %s %w", c.what, example, set.Name, err)
		}
	}
	return nil
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

// write copies n examples to the device.
func (c *column) write(to kernels.Buffer, n int) error {
	size := n * c.in.Size()
	to = to.Slice(0, size)
	switch {
	case c.doubles != nil:
		return to.Write(c.doubles[:size])
	case c.singles != nil:
		return to.Write(c.singles[:size])
	}
	return to.Write(c.ids[:size])
}
