//go:build gpu

package cuda

import (
	"fmt"
	"runtime"
	"unsafe"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/driver"
)

var _ kernels.Feeder = (*device)(nil)

// feed is pinned host memory out of which the stream of copies fills buffers, while the device's own stream computes. Two events keep them in
// order: left, behind the last program that read what the buffers held, and sent, behind the copies. Nothing of it lies inside a program, so that
// programs are recorded as graphs as they are.
type feed struct {
	device     *device
	to         []*buffer
	host       []unsafe.Pointer
	left, sent cu.Event
}

// NewFeed makes the memory and, for the first, the stream.
func (d *device) NewFeed(to ...kernels.Buffer) (kernels.Feed, error) {
	f := &feed{device: d}
	err := d.do(func() error {
		if d.copies == (cu.Stream{}) {
			var err error
			if d.copies, err = cu.MakeStream(cu.NonBlocking); err != nil {
				return err
			}
		}
		return f.open(to)
	})
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: memory to copy from: %w", d.name, driver.Explain(err))
	}
	return f, nil
}

func (f *feed) open(to []kernels.Buffer) (err error) {
	if f.left, err = cu.MakeEvent(cu.DisableTiming); err != nil {
		return err
	}
	if f.sent, err = cu.MakeEvent(cu.DisableTiming); err != nil {
		return err
	}
	for k, b := range to {
		own, ok := b.(*buffer)
		if !ok || own.device != f.device {
			return fmt.Errorf("buffer %d is not on %s", k, f.device.name)
		}
		memory, err := driver.HostAlloc(max(1, own.bytes()))
		if err != nil {
			return err
		}
		f.to, f.host = append(f.to, own), append(f.host, memory)
	}
	return f.left.Record(f.device.stream) // buffers are cleared before anything comes
}

func (f *feed) Host(k int) any {
	n, at := f.to[k].n, f.host[k]
	switch f.to[k].dtype {
	case kernels.Float64:
		return unsafe.Slice((*float64)(at), n)
	case kernels.Int32:
		return unsafe.Slice((*int32)(at), n)
	case kernels.Uint8:
		return unsafe.Slice((*byte)(at), n)
	}
	return unsafe.Slice((*float32)(at), n)
}

// Wait leaves the device to others meanwhile.
func (f *feed) Wait() error {
	d := f.device
	if err := d.do(func() error { return nil }); err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cu.SetCurrentContext(d.context)
	if err == nil {
		err = f.sent.Synchronize()
	}
	return d.check("waiting for a copy", err)
}

func (f *feed) Send(n []int) error {
	d := f.device
	return d.do(func() error {
		err := d.copies.Wait(f.left, 0)
		for k, b := range f.to {
			b.version.Changed()
			if n[k] > b.n {
				return fmt.Errorf("%s: sending %d elements to a buffer of %d", d.name, n[k], b.n)
			}
			if bytes := int64(n[k] * b.dtype.Size()); err == nil && bytes > 0 {
				err = cu.MemcpyHtoDAsync(b.place(0), f.host[k], bytes, d.copies)
			}
		}
		if err == nil {
			err = f.sent.Record(d.copies)
		}
		return d.check("copying beside the computation", err)
	})
}

func (f *feed) Arrive() error {
	d := f.device
	return d.do(func() error { return d.check("waiting for a copy", d.stream.Wait(f.sent, 0)) })
}

func (f *feed) Leave() error {
	d := f.device
	return d.do(func() error { return d.check("marking the end of reads", f.left.Record(d.stream)) })
}

// Close waits for copies.
func (f *feed) Close() {
	d := f.device
	d.do(func() error {
		var err error
		if d.copies != (cu.Stream{}) {
			err = d.copies.Synchronize()
		}
		for _, at := range f.host {
			cu.MemFreeHost(at)
		}
		for _, e := range []*cu.Event{&f.left, &f.sent} {
			if *e != (cu.Event{}) {
				cu.DestroyEvent(e)
			}
		}
		f.host, f.left, f.sent = nil, cu.Event{}, cu.Event{}
		return err
	})
}
