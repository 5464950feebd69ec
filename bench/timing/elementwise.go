package timing

import (
	"drift/bench/peers"
	"drift/kernels"
	"drift/optim"
)

const elements = 1 << 20

// elementwise is functions of every element, and the update of an optimizer.
func elementwise(dtype kernels.DType) []Case {
	var all []Case
	for _, fn := range []kernels.Fn{kernels.FnExp, kernels.FnTanh, kernels.FnSigmoid} {
		all = append(all, Case{Name: "map/" + fn.String(), Request: request(dtype, fn.String(), elements), Open: primitive(dtype, function(fn))})
	}
	const parameters = 784*1024 + 1024*1024 + 1024*10 // of the MLP, about
	return append(all, Case{Name: "update/momentum", Request: request(dtype, "momentum", parameters), Open: update(dtype, parameters)})
}

func request(dtype kernels.DType, op string, shape ...int) *peers.Request {
	return &peers.Request{Op: op, DType: dtype.String(), Shape: shape}
}

func function(fn kernels.Fn) kernels.Map {
	return kernels.Map{N: elements, Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: fn}}, Results: []uint8{1}}
}

// update opens v ← 0.9 v + g, θ ← θ − η v.
func update(dtype kernels.DType, n int) func(kernels.Device) (*Work, error) {
	return func(dev kernels.Device) (*Work, error) {
		o := &operands{dev: dev, dtype: dtype}
		theta, g := o.input(n, 0), o.input(n, 0)
		if o.err != nil {
			o.free()
			return nil, o.err
		}
		u, err := optim.NewUpdate(dev, optim.Momentum{Mu: 0.9}, nil, theta, g)
		if err != nil {
			o.free()
			return nil, err
		}
		return &Work{Run: synchronous(dev, func() error { return u.Step(tiny) }), Close: func() {
			u.Close()
			o.free()
		}}, nil
	}
}

// rows is sums and what is computed row by row.
func rows(dtype kernels.DType) []Case {
	sum := func(a, b, c int) kernels.Reduce {
		return kernels.Reduce{A: a, B: b, C: c, Map: kernels.Map{N: a * b * c, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}}
	}
	const n, classes = 1024, 1000
	return []Case{
		{Name: "sum/all", Request: request(dtype, "sum", elements), Open: primitive(dtype, sum(1, elements, 1))},
		{Name: "sum/columns", Request: request(dtype, "sum_columns", n, n), Open: primitive(dtype, sum(1, n, n))},
		{Name: "sum/rows", Request: request(dtype, "sum_rows", n, n), Open: primitive(dtype, sum(n, n, 1))},
		{Name: "softmax", Request: request(dtype, "softmax", n, classes), Open: primitive(dtype, kernels.Softmax{Rows: n, Cols: classes})},
		{Name: "cross-entropy", Request: request(dtype, "cross_entropy", n, classes),
			Open: primitive(dtype, kernels.CrossEntropy{Rows: n, Cols: classes}, 0, classes)},
	}
}
