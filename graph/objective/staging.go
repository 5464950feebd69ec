package objective

import (
	"slices"
	"time"

	"drift/kernels"
)

// staging brings the examples of a chunk to the device where they do not all lie there: those of the chunk behind it, or of a step that
// was announced, are read while the device works. A device that copies beside its computation has two buffers in turn, and gets what was read
// meanwhile as well. Programs gather examples by their places in the buffers, so that results have the same bits.
type staging struct {
	objective *onDevice
	places    kernels.Buffer // [chunk] of the examples in the device's buffers, which follow each other
	list      []int32        // what is written to it
	shown     int            // the first place that is in places
	slots     []*slot
	current   int           // the slot that programs read; −1 for none
	coming    []int         // examples of the next pass, as far as they are known
	reading   chan struct{} // nil unless reads are under way
	next      []int         // examples that they are of
	slow      bool          // reads take so long that it pays to begin them early
}

// worthAhead is how long reads take that are begun early. A shorter one is over before another goroutine would have woken up.
const worthAhead = 500 * time.Microsecond

// Shares of the free memory of a device: that up to which all examples lie there, and that which a chunk may take where there are two.
const (
	resident = 0.5
	doubled  = 0.125
)

// stages tells whether examples shall come to the device a chunk at a time.
func (f *Objective) stages(most int64) bool {
	bytes := int64(0)
	for _, set := range f.parts {
		if set.Rows != nil && set.Len() > 0 {
			return true
		}
		bytes += int64(set.Len()) * f.exampleBytes()
	}
	if most == 0 {
		most = int64(resident * float64(f.device.FreeBytes()))
	}
	return bytes > most
}

// exampleBytes is what an example takes on the device.
func (f *Objective) exampleBytes() (bytes int64) {
	for _, in := range f.Model.Inputs() {
		bytes += int64(in.Size() * f.inputType(in).Size())
	}
	target := f.Model.Target()
	return bytes + int64(target.Size()*target.DType(f.dtype).Size())
}

// stage prepares for that.
func (f *Objective) stage() (err error) {
	f.capacity = 1 // enough for plans
	if err = f.reserveData(f.capacity); err == nil && f.chunk == 0 {
		f.chunk, err = f.defaultChunk()
	}
	f.freeData()
	s := &staging{objective: f.onDevice, current: -1}
	f.staging = s
	if err == nil {
		err = s.open(f)
	}
	if err != nil {
		return err
	}
	if s.places, err = f.device.NewBuffer(kernels.Int32, f.chunk); err != nil {
		return err
	}
	s.list, s.shown = make([]int32, f.chunk), -1
	return s.show(0)
}

// open makes the slots: two that the device fills while it computes, where it can and has room for them, else one that is written.
func (s *staging) open(f *Objective) error {
	feeder, ok := f.device.(kernels.Feeder)
	if ok && 2*int64(f.chunk)*f.exampleBytes() <= int64(doubled*float64(f.device.FreeBytes())) && s.double(f, feeder) == nil {
		return nil
	}
	s.release()
	f.freeData()
	f.capacity = f.chunk
	if err := f.reserveData(f.capacity); err != nil {
		return err
	}
	s.slots = []*slot{newSlot(f, newWritten(append(slices.Clone(f.inputs), f.targets)), 0)}
	return nil
}

// double makes two slots, the halves of the buffers for inputs and targets.
func (s *staging) double(f *Objective, feeder kernels.Feeder) error {
	f.capacity = 2 * f.chunk
	if err := f.reserveData(f.capacity); err != nil {
		return err
	}
	for k := range 2 {
		var halves []kernels.Buffer
		for _, b := range append(slices.Clone(f.inputs), f.targets) {
			half := b.Len() / 2
			halves = append(halves, b.Slice(k*half, (k+1)*half))
		}
		feed, err := feeder.NewFeed(halves...)
		if err != nil {
			return err
		}
		s.slots = append(s.slots, newSlot(f, feed, k*f.chunk))
	}
	return nil
}

// show has programs read the examples from a place on.
func (s *staging) show(first int) error {
	if first == s.shown {
		return nil
	}
	for i := range s.list {
		s.list[i] = int32(first + i)
	}
	s.shown = first
	return s.places.Write(s.list)
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
	if s.current >= 0 && slices.Equal(s.slots[s.current].device, examples) {
		return nil
	}
	s.wait()
	k := slices.IndexFunc(s.slots, func(o *slot) bool { return slices.Equal(o.device, examples) })
	if k < 0 {
		var err error
		if k, err = s.hold(examples); err != nil {
			return err
		}
	}
	to := s.slots[k]
	if s.current >= 0 {
		if err := s.slots[s.current].feed.Leave(); err != nil {
			return err
		}
	}
	s.current = -1
	if !slices.Equal(to.device, examples) {
		if err := to.send(); err != nil {
			return err
		}
	}
	if err := to.feed.Arrive(); err != nil {
		return err
	}
	if err := s.show(to.first); err != nil {
		return err
	}
	s.current = k
	return nil
}

// hold has the examples in the columns of a slot.
func (s *staging) hold(examples []int) (at int, err error) {
	s.wait()
	at = slices.IndexFunc(s.slots, func(o *slot) bool { return slices.Equal(o.read, examples) })
	if at < 0 {
		at = s.spare()
		start := time.Now()
		s.slots[at].fill(examples, len(s.slots) > 1)
		s.slow = time.Since(start) > worthAhead
	}
	return at, s.slots[at].problem
}

// spare is the slot to be filled next: not the one that programs read, where there are two.
func (s *staging) spare() int {
	if len(s.slots) > 1 && s.current == 0 {
		return 1
	}
	return 0
}

// ahead reads what comes next: the rest of the pass, or what was announced.
func (s *staging) ahead(rest []int) {
	if len(rest) == 0 {
		rest = s.coming
	}
	if len(rest) == 0 || !s.slow && len(s.slots) == 1 || s.reading != nil && slices.Equal(s.next, rest) {
		return
	}
	s.wait()
	there := func(o *slot) bool { return slices.Equal(o.read, rest) || slices.Equal(o.device, rest) }
	if slices.ContainsFunc(s.slots, there) {
		return
	}
	s.next = append(s.next[:0], rest...)
	to, done := s.slots[s.spare()], make(chan struct{})
	s.reading = done
	go func() {
		defer close(done)
		to.fill(s.next, len(s.slots) > 1)
	}()
}

func (s *staging) wait() {
	if s.reading == nil {
		return
	}
	<-s.reading
	s.reading = nil
}

// release closes the slots.
func (s *staging) release() {
	for _, o := range s.slots {
		o.feed.Close()
	}
	s.slots = nil
}

// close waits for reads.
func (s *staging) close() {
	if s != nil {
		s.wait()
		s.release()
		Free(s.places)
	}
}
