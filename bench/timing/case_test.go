package timing

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"drift/bench/peers"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/devicetest"
)

func TestCasesAreNamedOnceAndHaveTheirBase(t *testing.T) {
	for _, dtype := range []kernels.DType{kernels.Float32, kernels.Float64} {
		var names []string
		for _, c := range Cases(dtype) {
			if slices.Contains(names, c.Name) {
				t.Errorf("two cases %s", c.Name)
			}
			names = append(names, c.Name)
			if c.Base != "" && !slices.Contains(names, c.Base) {
				t.Errorf("%s comes before its base %s", c.Name, c.Base)
			}
		}
		for _, c := range Claims() {
			if !slices.ContainsFunc(names, c.cases.MatchString) {
				t.Errorf("%s: no case", c.Work)
			}
		}
	}
}

// A few cases of each kind, those that take milliseconds.
func TestCasesRun(t *testing.T) {
	dev := cpu.New(cpu.Options{Threads: 2})
	defer dev.Close()
	some := []string{"gemm/float32/64", "gemm/float64/last-input", "map/exp", "update/momentum", "sum/rows", "cross-entropy",
		"conv1/weight", "maxpool/forward", "maxpool/backward"}
	level, err := cpu.Instructions()
	if err != nil {
		t.Fatal(err)
	}
	all := Cases(kernels.Float32)
	b := &Bench{Device: dev, Time: time.Nanosecond, Clock: "wall", Cases: all}
	for _, c := range all {
		if !slices.Contains(some, c.Name) {
			continue
		}
		r, err := b.Measure(context.Background(), c)
		if err != nil || r.Seconds.Median <= 0 || r.Allocations > 0 || (r.Peak > 0) != (c.Flops > 0 && level != "portable") {
			t.Errorf("%s: %+v, %v", c.Name, r, err)
		}
	}
}

// Every way of working through a batch, on small networks.
func TestWaysRun(t *testing.T) {
	dev := devicetest.Open(2)
	defer dev.Close()
	var all []Case
	for _, net := range []network{{name: "mlp", spec: "mlp:16"}, {name: "cnn", spec: "lenet"}} {
		for _, s := range ways {
			c := Case{Name: net.name + "/" + s.name, Open: work(net, s, kernels.Float32, 12)}
			if !s.alone {
				c.Base = net.name + "/gradient"
			}
			all = append(all, c)
		}
	}
	b := &Bench{Device: dev, Time: time.Nanosecond, Clock: "wall", Cases: all}
	for _, c := range all {
		r, err := b.Measure(context.Background(), c)
		if err != nil || r.Memory <= 0 || (c.Base != "") != (r.against(baseGroup) >= 0) || (c.Base != "") != (r.MemoryRatio > 0) {
			t.Errorf("%s: %+v, %v", c.Name, r, err)
		}
	}
}

// A multiply and an add for each weight: forward and weight gradient of all layers, input gradient of all but the first.
func TestFlopsOfAGradient(t *testing.T) {
	w := network{layers: []layer{{"a", 3, 5, 7}, {"b", 1, 11, 13}}}
	if got, want := w.flops(2), float64(2*2*(2*3*5*7+3*11*13)); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// What is counted of a gradient is what the layers say.
func TestCountedFlopsOfAGradient(t *testing.T) {
	for _, w := range networks {
		const n = 6
		c := Case{Name: w.name, Count: true, Open: work(w, step{name: "gradient", open: gradient}, kernels.Float32, n)}
		got, err := c.flops()
		if want := w.flops(n); err != nil || math.Abs(got-want) > 1e-12*want {
			t.Errorf("%s: %v operations (%v), want %v", w.name, got, err, want)
		}
	}
}

func TestPeersKnowTheCases(t *testing.T) {
	if testing.Short() {
		t.Skip("loads PyTorch where it is installed")
	}
	found, notes := peers.Find(t.Context(), 1)
	t.Log(notes)
	for _, p := range found {
		defer p.Close()
		for _, c := range Cases(kernels.Float32) {
			if c.Request != nil && p.Setting != "" && !p.Can(c.Request.Op) {
				t.Errorf("%s does not know %s", p.Name(), c.Request.Op)
			}
		}
		small := peers.Request{Op: "gemm", DType: "float32", Shape: []int{3, 4, 5}, TransA: true}
		if s, err := p.Time(t.Context(), small, time.Millisecond); s <= 0 || err != nil {
			t.Errorf("%s: %v s, %v", p.Name(), s, err)
		}
	}
}
