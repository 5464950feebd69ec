package timing

import (
	"fmt"
	"math/rand/v2"

	"drift/kernels"
)

// primitive opens one kernel. An input holds whole numbers from 0 up to, not including, below[k] where that is given and not 0, else
// random numbers from −1 to 1.
func primitive(dtype kernels.DType, op kernels.Primitive, below ...int) func(kernels.Device) (*Work, error) {
	return func(dev kernels.Device) (*Work, error) {
		o := &operands{dev: dev, dtype: dtype}
		out, in, err := op.Operands()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.Name(), err)
		}
		call := kernels.Call{Op: op}
		for k, n := range in {
			limit := 0
			if k < len(below) {
				limit = below[k]
			}
			if kernels.IsIndex(op, false, k) {
				call.In = append(call.In, o.indices(n, limit))
				continue
			}
			call.In = append(call.In, o.input(n, limit))
		}
		for _, n := range out {
			call.Out = append(call.Out, o.empty(n))
		}
		return o.open(call)
	}
}

// operands is the buffers of some calls; the first error sticks.
type operands struct {
	dev   kernels.Device
	dtype kernels.DType
	all   []kernels.Buffer
	err   error
}

func (o *operands) empty(n int) kernels.Buffer {
	if o.err != nil {
		return nil
	}
	var b kernels.Buffer
	if b, o.err = o.dev.NewBuffer(o.dtype, n); o.err == nil {
		o.all = append(o.all, b)
	}
	return b
}

func (o *operands) input(n, below int) kernels.Buffer {
	b := o.empty(n)
	r := rand.New(rand.NewPCG(uint64(n), uint64(below)))
	values := make([]float32, n)
	for i := range values {
		if values[i] = 2*r.Float32() - 1; below > 0 {
			values[i] = float32(r.IntN(below))
		}
	}
	if o.err == nil {
		o.err = b.Write(values)
	}
	return b
}

// indices is a buffer of whole numbers from 0 up to, not including, below.
func (o *operands) indices(n, below int) kernels.Buffer {
	if o.err != nil {
		return nil
	}
	var b kernels.Buffer
	if b, o.err = o.dev.NewBuffer(kernels.Int32, n); o.err != nil {
		return nil
	}
	o.all = append(o.all, b)
	r := rand.New(rand.NewPCG(uint64(n), uint64(below)))
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(r.IntN(below))
	}
	o.err = b.Write(list)
	return b
}

func (o *operands) free() {
	for _, b := range o.all {
		b.Free()
	}
}

// open loads the calls.
func (o *operands) open(calls ...kernels.Call) (*Work, error) {
	var run kernels.Executable
	if o.err == nil {
		run, o.err = o.dev.Load(calls)
	}
	if o.err != nil {
		o.free()
		return nil, o.err
	}
	return &Work{Run: synchronous(o.dev, run.Run), Close: func() {
		run.Close()
		o.free()
	}}, nil
}

// synchronous waits for the device after each call.
func synchronous(dev kernels.Device, run func() error) func() error {
	return func() error {
		if err := run(); err != nil {
			return err
		}
		return dev.Synchronize()
	}
}
