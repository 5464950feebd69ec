// Command outside is a program in a module of its own that brings a layer, a Gorgonia graph and an optimizer to drift: it trains with
// them, compares and measures, and goes on with a run that was cut short.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/bench/compare"
	"drift/data"
	"drift/graph"
	"drift/graph/imported"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/optim"
	"drift/optim/rundir"
	"drift/optim/train"
)

// Scaled is s·x + tanh x with a scale s for each element of the last axis.
type Scaled struct {
	Start float64 `json:"start"`
}

func (l Scaled) Shape(s *nn.Scope, in []int) ([]int, error) {
	return in, s.Param("scale", nn.Constant(l.Start), in[len(in)-1])
}

func (l Scaled) Build(b *nn.Build, x *graph.Node) *graph.Node {
	return graph.Add(graph.ScaleAxis(x, b.Param("scale"), x.Dims()-1), graph.Tanh(x))
}

// Decaying is SGD whose steps are divided by a power of their number.
type Decaying struct {
	optim.Rate
	optim.Minibatch
	Power float64 `json:"power" range:"[0,1]" search:"0.5 1" help:"power of the step by which the step is divided"`
}

func (o Decaying) Direction(c optim.Context) (optim.Direction, error) { return optim.NewGradient(c) }

func (o Decaying) Transform() optim.Transform { return o }

func (o Decaying) Apply(u *optim.Symbols, d *graph.Node) *graph.Node {
	steps := u.Scalar("steps")
	now := graph.AddConst(steps, 1)
	u.Set(steps, now)
	return graph.Mul(d, graph.BroadcastScalar(graph.Exp(graph.Scale(graph.Log(now), -o.Power)), d.Shape()...))
}

var own = Decaying{optim.Rate{LearningRate: 0.3, Schedule: "constant"}, optim.Minibatch{Batch: 16, Sampling: "shuffle"}, 0.3}

// layered is a network with the layer.
func layered() (objective.Model, error) {
	return nn.New(objective.Input{Name: "input", Shape: []int{64}}, nn.CrossEntropy{},
		nn.Linear{Out: 12, Bias: true}, Scaled{Start: 0.5}, nn.Linear{Out: 10, Bias: true})
}

// ofGorgonia is a network that Gorgonia's own functions make of the upper and the lower half of a glyph, with a residual branch
// through a weight that is kept positive, which no layer does.
func ofGorgonia() (objective.Model, error) {
	return imported.New(func(g *gorgonia.ExprGraph, n int) (imported.Graph, error) {
		param := func(name string, rows, cols int) *gorgonia.Node {
			w := make([]float64, rows*cols)
			for i := range w {
				w[i] = 0.3 * math.Sin(float64(i*i))
			}
			return gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName(name), gorgonia.WithShape(rows, cols),
				gorgonia.WithValue(tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(w))))
		}
		data := func(name string, width int) *gorgonia.Node {
			return gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName(name), gorgonia.WithShape(n, width))
		}
		upper, lower, y := data("upper", 32), data("lower", 32), data("class", 10)
		u, v, w, out := param("u", 32, 8), param("v", 32, 8), param("w", 8, 8), param("out", 8, 10)
		must := gorgonia.Must
		h := must(gorgonia.Add(must(gorgonia.Mul(upper, u)), must(gorgonia.Mul(lower, v))))
		h = must(gorgonia.Add(h, must(gorgonia.Tanh(must(gorgonia.Mul(h, must(gorgonia.Softplus(w))))))))
		p := must(gorgonia.SoftMax(must(gorgonia.Mul(h, out))))
		likelihood := must(gorgonia.Mean(must(gorgonia.Sum(must(gorgonia.HadamardProd(must(gorgonia.Log(p)), y)), 1))))
		cost, err := gorgonia.Neg(likelihood)
		return imported.Graph{Params: gorgonia.Nodes{u, v, w, out}, Inputs: gorgonia.Nodes{upper, lower}, Target: y, Losses: cost, OneHot: true}, err
	})
}

// network is the one that all parts use.
var network = layered

// place is 60 small glyphs and the network, in float64.
func place(seed uint64) (*objective.Objective, io.Closer, error) {
	split, err := data.Load("glyphs,train=60,test=40,size=8", data.Options{Seed: seed})
	if err != nil {
		return nil, nil, err
	}
	model, err := network()
	if err != nil {
		return nil, nil, err
	}
	device := cpu.New(cpu.Options{})
	f, err := objective.New(device, model, split, objective.Options{DType: kernels.Float64, Seed: seed, Chunk: 25})
	if err != nil {
		return nil, nil, errors.Join(err, device.Close())
	}
	return f, closer(func() error { f.Close(); return device.Close() }), nil
}

type closer func() error

func (c closer) Close() error { return c() }

func main() {
	for name, model := range map[string]func() (objective.Model, error){"layer": layered, "gorgonia": ofGorgonia} {
		network = model
		for _, part := range []func(folder string) error{trained, compared, measured} {
			if err := part(filepath.Join(os.Args[1], name)); err != nil {
				log.Fatal(name, ": ", err)
			}
		}
	}
}

// trained cuts a run short behind step 17 of 40 and goes on with it, to the bits of a run in one go.
func trained(folder string) error {
	if err := os.Mkdir(folder, 0o777); err != nil {
		return err
	}
	whole, err := run(context.Background(), folder+"/whole", 0)
	if err != nil {
		return err
	}
	if _, err := run(context.Background(), folder+"/cut", 17); !errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("cut short: %v", err)
	}
	resumed, err := run(context.Background(), folder+"/cut", 0)
	if err != nil {
		return err
	}
	for i := range whole {
		if whole[i] != resumed[i] {
			return fmt.Errorf("θ[%d] is %v in one go and %v after resuming", i, whole[i], resumed[i])
		}
	}
	fmt.Println("trained", len(whole), "parameters, resumed to the same bits")
	return nil
}

// run takes the steps that are left of the run in a folder, or those up to one at which it is cut short, and returns θ.
func run(ctx context.Context, folder string, cut int) ([]float64, error) {
	f, end, err := place(1)
	if err != nil {
		return nil, err
	}
	defer end.Close()
	t, err := train.New(f, own, train.Options{Steps: 40, Seed: 1})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	dir, err := rundir.Create(folder, "")
	if err != nil {
		if dir, err = rundir.Resume(folder); err == nil {
			err = t.Resume(dir)
		}
	}
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	_, err = t.Run(ctx, train.Logging{Dir: dir, LogEvery: 10, Observe: func(step int, _ *train.Entry) {
		if step == cut {
			stop()
		}
	}})
	if err != nil {
		return nil, err
	}
	theta := make([]float64, f.NumParams())
	return theta, f.Parameters().Read(theta)
}

// compared puts the optimizer beside SGD, each tuned first.
func compared(string) error {
	sgd := optim.DefaultSGD
	sgd.LearningRate, sgd.Batch = 0.1, 16
	e := compare.Experiment{Open: place, Seeds: []uint64{1, 2}, Points: 4, Trials: 2,
		Entries: func(int) ([]compare.Entry, error) {
			return []compare.Entry{{Name: "sgd", Optimizer: sgd, Steps: 30}, {Name: "decaying", Optimizer: own, Steps: 30}}, nil
		},
		OpenTuning: func(seed uint64) (*objective.Objective, io.Closer, error) { return place(3 + seed) },
	}
	o, err := e.Run(context.Background())
	if err != nil {
		return err
	}
	fmt.Println("compared", o.Rows[0].Optimizer, "and", o.Rows[1].Optimizer, "by", len(o.Trials), "trials")
	return nil
}

// measured finds the statistics of the network's gradients, and tr Σ again from gradients of single examples.
func measured(string) error {
	f, end, err := place(1)
	if err != nil {
		return err
	}
	defer end.Close()
	all := f.All(objective.Train)
	m, err := sigma.Measure(f, all, sigma.Wanted{Eigenvalues: 2})
	if err != nil {
		return err
	}
	v, err := f.NewVector()
	if err != nil {
		return err
	}
	defer v.Free()
	var squares float64
	mean := make([]float64, f.NumParams())
	for n := range all {
		if err := f.Gradient(all[n:n+1], v); err != nil {
			return err
		}
		g := make([]float64, len(mean))
		if err := v.Read(g); err != nil {
			return err
		}
		for i, x := range g {
			squares += x * x
			mean[i] += x / float64(len(all))
		}
	}
	for _, x := range mean {
		squares -= float64(len(all)) * x * x
	}
	if trace := squares / float64(len(all)-1); abs(m.TraceSigma-trace) > 1e-10*trace {
		return fmt.Errorf("tr Σ is %v, from single gradients %v", m.TraceSigma, trace)
	}
	fmt.Println("measured", m.Parameters, "parameters: tr Σ is that of single gradients")
	return nil
}

func abs(x float64) float64 { return max(x, -x) }
