package timing

import (
	"fmt"
	"strings"

	"drift/bench/peers"
	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
)

// step is a way of working through a batch.
type step struct {
	name  string
	wide  bool   // over a chunk, not a batch
	op    string // of the peers, or ""
	plain bool   // does the arithmetic of a gradient and little else
	every int    // steps that go together, where not all take the same time; 0: one
	alone bool   // has no unit: it is one, or is compared with other libraries only
	open  func(w *workload) (run func() error, err error)
}

// refresh is the number of steps for which lowrank keeps its eigenpairs.
const refresh = 10

// ways are in the order of the report.
var ways = []step{
	{name: "gradient", op: "gradient", plain: true, alone: true, open: gradient},
	{name: "sgd", op: "sgd", plain: true, alone: true, open: sgd},
	{name: "norms", open: norms},
	{name: "hvp", op: "hvp", open: hvp},
	{name: "hvp-further", open: furtherHVP},
	{name: "sigma-vector", open: sigmaVector},
	{name: "lowrank", every: refresh, open: lowRank},
	{name: "gradient", wide: true, op: "gradient", plain: true, alone: true, open: gradient},
	{name: "trace-gradient", wide: true, open: traceGradient},
	{name: "gram", wide: true, open: gram},
}

// deepWays are those of the networks of many layers.
var deepWays = []step{
	{name: "gradient", op: "gradient", plain: true, alone: true, open: gradient},
	{name: "sgd", op: "sgd", plain: true, alone: true, open: sgd},
	{name: "norms", open: norms},
	{name: "hvp", op: "hvp", open: hvp},
	{name: "hvp-further", open: furtherHVP},
	{name: "trace-gradient", open: traceGradient},
}

// steps is whole steps of the networks: "mlp/gradient", and "mlp/gradient-1024" where the batch is not the network's.
func steps(dtype kernels.DType) []Case {
	var all []Case
	for _, w := range networks {
		for _, s := range ways {
			if s.wide && s.alone && w.chunk == w.batch {
				continue // is there already
			}
			n, suffix := w.batch, ""
			if s.wide && w.chunk != w.batch {
				n, suffix = w.chunk, fmt.Sprint("-", w.chunk)
			}
			c := Case{Name: w.name + "/" + s.name + suffix, DType: dtype, Open: work(w, s, dtype, n)}
			c.Request = s.request(w, dtype, n)
			if s.plain {
				c.Flops = w.flops(n)
			}
			if !s.alone {
				c.Base = w.name + "/gradient" + suffix
			}
			all = append(all, c)
		}
	}
	for _, w := range []network{resnet20, gpt, resnet18} {
		for _, s := range deepWays {
			c := Case{Name: w.name + "/" + s.name, Count: s.plain, DType: dtype, Open: work(w, s, dtype, w.batch)}
			if !OnRequest(c.Name) { // peers do not know the others
				c.Request = s.request(w, dtype, w.batch)
			}
			if !s.alone {
				c.Base = w.name + "/gradient"
			}
			all = append(all, c)
		}
	}
	return all
}

// OnRequest reports whether a case takes so long that it is run where it is asked for by name alone.
func OnRequest(name string) bool { return strings.HasPrefix(name, resnet18.name+"/") }

// request asks peers for the step over n examples; nil where they have none.
func (s step) request(w network, dtype kernels.DType, n int) *peers.Request {
	if s.op == "" {
		return nil
	}
	return &peers.Request{Op: s.op, DType: dtype.String(), Shape: []int{n}, Model: w.name}
}

// workload is a network at its first parameters, with a batch of examples and vectors to fill.
type workload struct {
	f        *objective.Objective
	batch    []int
	vectors  []kernels.Buffer
	memory   []func() int64 // of what holds some besides the objective
	closings []func()
}

// vector is a new vector [P].
func (w *workload) vector() (kernels.Buffer, error) {
	v, err := w.f.NewVector()
	if err == nil {
		w.vectors = append(w.vectors, v)
	}
	return v, err
}

// workBytes is the memory that a step holds besides data, parameters and vectors.
func (w *workload) workBytes() int64 {
	bytes := w.f.WorkBytes()
	for _, m := range w.memory {
		bytes += m()
	}
	return bytes
}

func (w *workload) close() {
	for _, c := range w.closings {
		c()
	}
	for _, v := range w.vectors {
		v.Free()
	}
	w.f.Close()
}

// work opens a step over n examples.
func work(net network, s step, dtype kernels.DType, n int) func(kernels.Device) (*Work, error) {
	return func(dev kernels.Device) (*Work, error) {
		split := &data.Split{Train: net.examples(2 * n)}
		model, err := nn.Parse(net.spec, split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
		if err != nil {
			return nil, err
		}
		f, err := objective.New(dev, model, split, objective.Options{DType: dtype, Chunk: n})
		if err != nil {
			return nil, err
		}
		w := &workload{f: f, batch: f.All(objective.Train)[:n]}
		var run func() error
		if err = f.Parameters().Write(model.Init(1)); err == nil {
			run, err = s.open(w)
		}
		if err != nil {
			w.close()
			return nil, err
		}
		return &Work{Run: synchronous(dev, run), submit: run, Steps: s.every, Memory: w.workBytes, Close: w.close}, nil
	}
}
