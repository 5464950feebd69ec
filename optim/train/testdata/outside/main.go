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
	"os/exec"
	"path/filepath"

	"gonum.org/v1/gonum/floats"
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

var networks = map[string]func() (objective.Model, error){"layer": layered, "gorgonia": ofGorgonia}

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
	if len(os.Args) == 4 { // the part of a run that is killed
		network = networks[os.Args[3]]
		_, err := run(os.Args[2], 17)
		log.Fatal("not killed: ", err)
	}
	for name, model := range networks {
		network = model
		for _, part := range []func(folder, name string) error{trained, compared, measured} {
			if err := part(filepath.Join(os.Args[1], name), name); err != nil {
				log.Fatal(name, ": ", err)
			}
		}
	}
}

// trained kills a process that runs behind step 17 of 40, with a checkpoint at step 15, and goes on with its run, to the bits of a run
// in one go.
func trained(folder, name string) error {
	if err := os.Mkdir(folder, 0o777); err != nil {
		return err
	}
	whole, err := run(folder+"/whole", 0)
	if err != nil {
		return err
	}
	killed := exec.Command(os.Args[0], "kill", folder+"/killed", name)
	if out, err := killed.CombinedOutput(); killed.ProcessState == nil || killed.ProcessState.ExitCode() >= 0 {
		return fmt.Errorf("to be killed: %v: %s", err, out)
	}
	resumed, err := run(folder+"/killed", 0)
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

// run takes the steps that are left of the run in a folder, and returns θ. A step above 0 is one behind which the process is killed.
func run(folder string, kill int) ([]float64, error) {
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
	_, err = t.Run(context.Background(), train.Logging{Dir: dir, LogEvery: 10, CheckpointEvery: 5, Observe: func(step int, _ *train.Entry) {
		if step == kill {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				log.Fatal(err)
			}
			select {} // until the kill arrives
		}
	}})
	if err != nil {
		return nil, err
	}
	theta := make([]float64, f.NumParams())
	return theta, f.Parameters().Read(theta)
}

// compared puts the optimizer beside SGD, each tuned first.
func compared(string, string) error {
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

// measured finds the statistics of the network's gradients, and again from gradients g_n and Hessian products H_n v of single examples:
// tr Σ, Σv with v = ḡ, and ∂tr Σ = 2/(N−1) Σ_n H_n (g_n − ḡ).
func measured(string, string) error {
	f, end, err := place(1)
	if err != nil {
		return err
	}
	defer end.Close()
	all := f.All(objective.Train)
	one, err := newSingles(f)
	if err != nil {
		return err
	}
	mean, covariance := make([]float64, f.NumParams()), 1/float64(len(all)-1)
	var rows [][]float64
	for n := range all {
		g, err := one.gradient(n)
		if err != nil {
			return err
		}
		rows = append(rows, g)
		floats.AddScaled(mean, 1/float64(len(all)), g)
	}
	trace, product, slope := 0.0, make([]float64, len(mean)), make([]float64, len(mean))
	for n, g := range rows {
		floats.Sub(g, mean)
		trace += covariance * floats.Dot(g, g)
		floats.AddScaled(product, covariance*floats.Dot(g, mean), g)
		h, err := one.hessianTimes(n, g)
		if err != nil {
			return err
		}
		floats.AddScaled(slope, 2*covariance, h)
	}
	m, err := sigma.Measure(f, all, sigma.Wanted{Along: mean, Eigenvalues: 2})
	if err != nil {
		return err
	}
	found := map[string][]float64{"tr_sigma": {m.TraceSigma}}
	for _, v := range m.Vectors {
		found[v.Kind] = v.Values
	}
	for kind, want := range map[string][]float64{"tr_sigma": {trace}, "grad": mean, "sigma_vp": product, "grad_tr_sigma": slope} {
		if d := floats.Distance(found[kind], want, 2); !(d <= 1e-10*floats.Norm(want, 2)) {
			return fmt.Errorf("%s is %v from that of single examples", kind, d)
		}
	}
	fmt.Println("measured", m.Parameters, "parameters: all is that of single examples")
	return nil
}

// singles computes what concerns one example by itself.
type singles struct {
	f        *objective.Objective
	v, image kernels.Buffer
}

func newSingles(f *objective.Objective) (s singles, err error) {
	s.f = f
	if s.v, err = f.NewVector(); err == nil {
		s.image, err = f.NewVector()
	}
	return s, err
}

func (s singles) gradient(n int) ([]float64, error) {
	if err := s.f.Gradient([]int{n}, s.image); err != nil {
		return nil, err
	}
	g := make([]float64, s.image.Len())
	return g, s.image.Read(g)
}

func (s singles) hessianTimes(n int, v []float64) ([]float64, error) {
	if err := s.v.Write(v); err != nil {
		return nil, err
	}
	if err := s.f.HVP([]int{n}, s.v, s.image); err != nil {
		return nil, err
	}
	h := make([]float64, len(v))
	return h, s.image.Read(h)
}
