package graph

import (
	"fmt"
	"sync"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/kernels"
	"drift/kernels/cpu"
)

// reference is the device on which Gorgonia's own machines execute single ops.
var reference = sync.OnceValue(func() kernels.Device { return cpu.New(cpu.Options{Threads: 1}) })

// Do computes the op's value by itself, so that Gorgonia's machines can execute an expression: the slow reference to which
// programs are compared.
func (o *op) Do(values ...gorgonia.Value) (gorgonia.Value, error) {
	dev := reference()
	buffer := func(dt kernels.DType, n int) kernels.Buffer {
		b, err := dev.NewBuffer(dt, n)
		if err != nil {
			panic(constructionError{fmt.Errorf("graph: %v: %w", o, err)})
		}
		return b
	}
	var result gorgonia.Value
	err := Try(func() {
		call := kernels.Call{Op: o.primitive(shapesOf(o.in), o.out)}
		sizes, _, err := call.Op.Operands()
		must(err)
		for _, n := range sizes {
			call.Out = append(call.Out, buffer(dtypeOf(o.dtype), n))
		}
		if _, constant := o.family.(fill); !constant {
			for _, v := range values {
				in := buffer(dtypeOf(v.Dtype()), v.Shape().TotalSize())
				must(in.Write(v.Data()))
				call.In = append(call.In, in)
			}
		}
		run, err := dev.Load([]kernels.Call{call})
		must(err)
		defer run.Close()
		must(run.Run())
		out := tensor.New(tensor.WithShape(o.out...), tensor.Of(o.dtype))
		must(call.Out[resultOf(o.family)].Read(out.Data()))
		result = out
	})
	return result, err
}

func must(err error) {
	if err != nil {
		panic(constructionError{err})
	}
}
