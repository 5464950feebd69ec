//go:build gpu

package cuda

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/cuda/cudnn"
)

// cached has choices kept in a folder of the test's own, and returns the folder.
func cached(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", folder)
	t.Setenv("DRIFT_CUDNN_ENGINES", "timed")
	return filepath.Join(folder, "drift", "cudnn")
}

// files are what a folder holds.
func files(t *testing.T, folder string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// convolved are the engines that a device computes a convolution with, in its three directions.
func convolved(t *testing.T, d *device, c kernels.Conv) []EngineChoice {
	t.Helper()
	run(t, d, 1, convolve(t, d, c)...)
	r, _ := ReportOf(d)
	return r.Engines
}

var wide = kernels.Conv{Window: kernels.Window{N: 2, C: 8, H: 6, W: 5, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}, O: 16}

// The fastest of the engines is chosen once, kept on disk as whole files, and used by the next process whatever is fastest then.
func TestChoiceOfAnEngineIsKept(t *testing.T) {
	emulated(t)
	folder := cached(t)
	t.Setenv("DRIFT_EMULATOR_SLOW_ENGINE", "1:4,6:4")
	for _, c := range convolved(t, open(t, Options{Precision: TF32}), wide) {
		if !strings.HasPrefix(c.Engine, "eng0_") || c.Origin != "timed" || c.Microseconds <= 0 || c.Microseconds > 4000 || c.Count != 1 {
			t.Errorf("%+v, want the engine that is not slow", c)
		}
	}
	list := files(t, folder)
	if len(list) != 3 {
		t.Fatalf("files %q, want one for each direction", list)
	}
	before := texts(t, list)
	t.Setenv("DRIFT_EMULATOR_SLOW_ENGINE", "0:4")
	engines := convolved(t, open(t, Options{Precision: TF32}), wide)
	for _, c := range engines {
		if !strings.HasPrefix(c.Engine, "eng0_") || c.Origin != "cache" {
			t.Errorf("%+v, want the engine of the cache", c)
		}
	}
	if now := files(t, folder); len(engines) != 3 || !slices.Equal(now, list) || texts(t, now) != before {
		t.Errorf("%d engines, files %q, want the same as before", len(engines), now)
	}
	for _, c := range convolved(t, open(t, Options{}), wide) {
		if c.Origin != "timed" || c.Notes != "" {
			t.Errorf("%+v, want another choice for another precision", c)
		}
	}
}

func texts(t *testing.T, files []string) (all string) {
	t.Helper()
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
	}
	return all
}

// An engine that goes on with bias and activation competes with those that leave them to another kernel, and the choice is kept as well.
func TestEngineThatGoesOnIsKept(t *testing.T) {
	emulated(t)
	cached(t)
	t.Setenv("DRIFT_EMULATOR_SLOW_ENGINE", "0:4,1:4")
	op := kernels.Convolved{Conv: wide, Bias: true, Activation: kernels.ReLU}
	var hows []string
	for range 2 {
		d := open(t, Options{Precision: TF32})
		storedIn(t, d, op, kernels.Float32, 0, [][]float32{random(2 * 8 * 30), random(16 * 8 * 9), random(16)})
		r, _ := ReportOf(d)
		if len(r.Engines) != 1 || !strings.HasPrefix(r.Engines[0].Engine, "eng6_k2=1 NHWC") || !strings.HasSuffix(r.Engines[0].Convolution, "+ bias, relu") {
			t.Fatalf("%+v", r.Engines)
		}
		hows = append(hows, r.Engines[0].Engine)
		t.Setenv("DRIFT_EMULATOR_SLOW_ENGINE", "6:4")
	}
	if hows[0] != hows[1] {
		t.Errorf("first %s, then %s", hows[0], hows[1])
	}
}

// Where nothing is to be timed, or nothing can be kept, the first engine that the heuristics propose computes, of those that are allowed.
func TestFirstEngineWithoutTiming(t *testing.T) {
	emulated(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ how, cache, says string }{
		{"first", "", ""}, {"timed", file, "cannot be kept for the next run"},
	} {
		folder := cached(t)
		t.Setenv("DRIFT_CUDNN_ENGINES", c.how)
		if c.cache != "" {
			t.Setenv("XDG_CACHE_HOME", c.cache)
		}
		d, heard := listen(t)
		for _, e := range convolved(t, d, wide) {
			if e.Engine != "eng0_k2=0 NCHW" || e.Origin != "heuristic" || e.Microseconds != 0 {
				t.Errorf("%s: %+v", c.how, e)
			}
		}
		if list := files(t, folder); len(list) > 0 || len(*heard) > 1 || strings.Join(*heard, "") == "" != (c.says == "") || !strings.Contains(strings.Join(*heard, ""), c.says) {
			t.Errorf("%s: files %q, heard %q", c.how, list, *heard)
		}
	}
	t.Setenv("DRIFT_CUDNN_ENGINES", "quick")
	if _, err := Open(0, Options{}); err == nil || !strings.Contains(err.Error(), "choose timed, first or any") {
		t.Errorf("%v, want the choices", err)
	}
}

// Files that cannot be used are said, and made again.
func TestDamagedChoicesAreMadeAgain(t *testing.T) {
	emulated(t)
	folder := cached(t)
	convolved(t, open(t, Options{}), wide)
	list := files(t, folder)
	good := make([]string, len(list))
	for k, f := range list {
		good[k] = texts(t, []string{f})
	}
	for what, damage := range map[string]func(text string) string{
		"half a file":          func(text string) string { return text[:len(text)/2] },
		"another convolution":  func(text string) string { return strings.Replace(text, "KH:3", "KH:5", 1) },
		"no engine":            func(text string) string { return strings.Replace(text, "eng0", "eng0x", 1) },
		"an engine that races": func(text string) string { return strings.Replace(text, "eng0_k2=0", "eng2", 1) },
		"an unwilling engine":  func(text string) string { return strings.Replace(text, "eng0_k2=0", "eng5", 1) },
	} {
		for k, f := range list {
			if err := os.WriteFile(f, []byte(damage(good[k])), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		d, heard := listen(t)
		for _, e := range convolved(t, d, wide) {
			if e.Origin != "timed" {
				t.Errorf("%s: %+v", what, e)
			}
		}
		if len(*heard) != len(list) || !strings.Contains((*heard)[0], "cannot be used, and is made again") || !slices.Equal(files(t, folder), list) {
			t.Errorf("%s: heard %q", what, *heard)
		}
		for _, f := range list {
			if text := texts(t, []string{f}); !json.Valid([]byte(text)) || strings.Contains(text, "eng5") {
				t.Errorf("%s: the file is %s", what, text)
			}
		}
	}
}

// Of two processes that choose at the same time, the one that is later takes the other's choice.
func TestFirstChoiceIsKept(t *testing.T) {
	emulated(t)
	cached(t)
	d := open(t, Options{Precision: TF32})
	err := d.do(func() error {
		d.openCuDNN()
		p := &planner{device: d, workspace: 1 << 20}
		c := cudnn.Convolution{Conv: wide}
		mine, theirs := p.candidates(c, 1, new(chosen))[0], p.candidates(c, most, new(chosen))[1]
		if _, err := p.keep(theirs); err != nil {
			return err
		}
		got, err := p.keep(mine)
		if err == nil && (got.how() != theirs.how() || got.origin != "cache") {
			t.Errorf("%s of the %s, want %s", got.how(), got.origin, theirs.how())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Where memory is scarce another engine computes, or none, and a line says so; the choice stays.
func TestScarceMemoryIsSaid(t *testing.T) {
	emulated(t)
	folder := cached(t)
	t.Setenv("DRIFT_EMULATOR_WORKSPACE", "4096")
	d, heard := listen(t)
	err := d.do(func() error {
		d.openCuDNN()
		c := cudnn.Convolution{Conv: wide}
		for workspace, fits := range map[int64]bool{1 << 20: true, 4096: true} {
			if _, err := (&planner{device: d, workspace: workspace}).engineFor(c); (err == nil) != fits {
				t.Errorf("%d bytes: %v", workspace, err)
			}
		}
		_, err := (&planner{device: d, workspace: 64}).engineFor(c)
		if err == nil || !strings.Contains(err.Error(), "are allowed") {
			t.Errorf("%v, want a refusal", err)
		}
		if _, err := (&planner{device: d, workspace: 1 << 20}).engineFor(c); err != nil {
			t.Errorf("with memory again: %v", err)
		}
		return nil
	})
	if err != nil || len(*heard) != 1 || !strings.Contains((*heard)[0], "another one computes it") || len(files(t, folder)) != 1 {
		t.Errorf("%v: heard %q", err, *heard)
	}
}

// Engines whose sums have no order, or that round more than was asked for, compute nothing, unless any may; and none that rounds to 16 bits.
func TestEnginesAreAllowed(t *testing.T) {
	emulated(t)
	cached(t)
	for _, c := range []struct {
		how       string
		precision Precision
		want      []string
	}{
		{"timed", Full, []string{"eng0"}}, {"timed", TF32, []string{"eng0", "eng1"}},
		{"any", Full, []string{"eng0", "eng2", "eng4"}}, {"any", TF32, []string{"eng0", "eng1", "eng2", "eng4"}},
	} {
		t.Setenv("DRIFT_CUDNN_ENGINES", c.how)
		d := open(t, Options{Precision: c.precision})
		d.do(func() error {
			d.openCuDNN()
			var got []string
			for _, e := range (&planner{device: d, workspace: 1 << 20}).candidates(cudnn.Convolution{Conv: wide}, 8, new(chosen)) {
				name, _, _ := strings.Cut(e.Engine, "_")
				got = append(got, name)
				e.close()
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, %v: %q, want %q", c.how, c.precision, got, c.want)
			}
			return nil
		})
	}
}

// Whatever engine and layout is chosen, a convolution is what its factors, rounded as the precision says, add up to, in all directions, types and
// shapes, at addresses that are no multiples of 16 too.
func TestEveryEngineConvolves(t *testing.T) {
	if path, _ := findCuDNN(); path == "" {
		t.Skip("no cuDNN")
	}
	host := cpu.New(cpu.Options{Threads: 1})
	defer host.Close()
	d := open(t, Options{Precision: TF32})
	odd := kernels.Window{N: 3, C: 6, H: 9, W: 7, KH: 3, KW: 2, StrideH: 2, StrideW: 1, PadH: 1, PadW: 1, DilationH: 2}
	for _, c := range []kernels.Conv{wide, small, {Window: odd, O: 8}, {Window: odd, O: 4, Groups: 2}, {Window: kernels.Window{N: 2, C: 1, H: 4, W: 4, KH: 1, KW: 1, StrideH: 1, StrideW: 1}, O: 8}} {
		for _, op := range []kernels.Primitive{c, kernels.ConvInput(c), kernels.ConvWeight(c)} {
			for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64, kernels.BFloat16} {
				everyEngine(t, d, host, c, op, dt)
			}
		}
	}
}

func everyEngine(t *testing.T, d *device, host kernels.Device, c kernels.Conv, op kernels.Primitive, dt kernels.DType) {
	t.Helper()
	direction := map[string]cudnn.Direction{"conv": cudnn.Output, "convinput": cudnn.Image, "convweight": cudnn.Kernels}[op.Name()]
	out, in, _ := op.Operands()
	inputs, sizes := make([][]float32, len(in)), make([][]float32, len(in))
	for k, n := range in {
		inputs[k], sizes[k] = random(n), random(n)
		for i, x := range inputs[k] {
			inputs[k][i] = kernels.RoundBFloat16(x * 0.37)
			sizes[k][i] = max(inputs[k][i], -inputs[k][i])
		}
	}
	want, scale := results(t, host, kernels.Float64, op, inputs), results(t, host, kernels.Float64, op, sizes)
	to := dt
	if dt == kernels.BFloat16 && direction == cudnn.Kernels {
		to = kernels.Float32
	}
	sum := map[kernels.DType]float64{kernels.Float32: 0x1p-11, kernels.Float64: 0x1p-45, kernels.BFloat16: 0x1p-8}[to]
	for before := range 2 {
		result := stored(t, d, to, before, make([]float32, out[0]))
		call := kernels.Call{Op: op, Out: []kernels.Buffer{result}, In: []kernels.Buffer{stored(t, d, dt, before, inputs[0]), stored(t, d, dt, before, inputs[1])}}
		tried := 0
		for _, last := range []bool{false, true} {
			err := d.do(func() error {
				d.openCuDNN()
				p := &planner{device: d, dtype: call.DType(), narrow: narrow(call), workspace: 1 << 20}
				all := addresses(append(call.Out, call.In...))
				x, y, k := [...]uint64{all[1], all[0], all[1]}[direction], [...]uint64{all[0], all[1], all[2]}[direction], [...]uint64{all[2], all[2], all[0]}[direction]
				conv := cudnn.Convolution{Direction: direction, Conv: c, Factors: p.typeAt(all[1]), Result: p.typeAt(all[0]), ChannelsLast: last}
				for _, e := range p.candidates(conv, 8, new(chosen)) {
					defer e.close()
					tried++
					if err := runOn(d, p, e, x, y, k, 0); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if tried == 0 {
				continue
			}
			got := make([]float64, out[0])
			if err := result.Read(got); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if !(math.Abs(got[i]-want[i]) <= sum*(scale[i]+0x1p-20)) {
					t.Fatalf("%s %v %+v, channels last %v, behind %d: element %d is %v, want %v", op.Name(), dt, c, last, before, i, got[i], want[i])
				}
			}
		}
		if tried == 0 && simulated() && dt != kernels.BFloat16 {
			t.Errorf("%s %v %+v: no engine", op.Name(), dt, c)
		}
	}
}

// runOn runs a convolution as an engine computes it, with scratch memory of its own.
func runOn(d *device, like *planner, e *chosen, x, y, k, b uint64) error {
	var scratch uint64
	for _, sizing := range []bool{true, false} {
		p := &planner{device: d, dtype: like.dtype, narrow: make(map[uint64]bool), scratch: scratch, sizing: sizing}
		for at := range like.narrow {
			p.narrow[at] = true
		}
		err := p.convolve(e, x, y, k, b)
		defer release(p.commands)
		if err != nil {
			return err
		}
		if sizing {
			if scratch, err = d.pool.get(max(256, p.scratchBytes)); err != nil {
				return err
			}
			defer d.pool.put(scratch)
			continue
		}
		for _, c := range p.commands {
			if err := c.issue(d); err != nil {
				return err
			}
		}
	}
	return d.stream.Synchronize()
}

// A convolution that no engine takes as bfloat16 is computed in float32, with copies, and what it adds up to is not rounded before the end.
func TestConvolutionsAreWidened(t *testing.T) {
	emulated(t)
	t.Setenv("DRIFT_CUDNN_ENGINES", "first")
	t.Setenv("DRIFT_EMULATOR_NO_NARROW", "1")
	d, heard := listen(t)
	for _, op := range []kernels.Primitive{wide, kernels.ConvInput(wide), kernels.ConvWeight(wide)} {
		_, in, _ := op.Operands()
		inputs := [][]float32{random(in[0]), random(in[1])}
		got, want := storedIn(t, d, op, kernels.BFloat16, 0, inputs), storedIn(t, d, op, kernels.Float32, 0, inputs)
		same(t, op, 0, got[0], want[0])
	}
	if r, _ := ReportOf(d); r.Widened != 3 || r.Refused != 0 || len(*heard) != 3 || !strings.Contains((*heard)[0], "computed in float32, with copies") {
		t.Errorf("%+v, heard %q", r, *heard)
	}
}

// A convolution that goes on gives the same, whether a plan goes on or a kernel does, in whatever layout, with operands of any type and alignment.
func TestConvolutionsGoOn(t *testing.T) {
	if path, _ := findCuDNN(); path == "" {
		t.Skip("no cuDNN")
	}
	d := open(t, Options{Precision: TF32})
	for _, op := range []kernels.Convolved{{Conv: wide, Bias: true}, {Conv: wide, Activation: kernels.ReLU}, {Conv: wide, Bias: true, Activation: kernels.ReLU}} {
		for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64, kernels.BFloat16} {
			for before := range 2 {
				convolvedAlike(t, d, op, dt, before)
			}
		}
	}
}

func convolvedAlike(t *testing.T, d *device, op kernels.Convolved, dt kernels.DType, before int) {
	t.Helper()
	out, in, _ := op.Operands()
	call := kernels.Call{Op: op, Out: []kernels.Buffer{stored(t, d, dt, before, make([]float32, out[0]))}}
	for _, n := range in {
		call.In = append(call.In, stored(t, d, dt, before, random(n)))
	}
	results := make(map[bool]int)
	var want []float32
	for k := range 4 {
		var got []float32
		err := d.do(func() error {
			d.openCuDNN()
			p := &planner{device: d, dtype: call.DType(), narrow: narrow(call), workspace: 1 << 20}
			all := append(addresses(append(call.Out, call.In...)), 0)
			conv := cudnn.Convolution{Conv: op.Conv, Factors: p.typeAt(all[1]), Result: p.typeAt(all[0]), Bias: op.Bias, ReLU: op.Activation == kernels.ReLU, ChannelsLast: k >= 2, Apart: k%2 == 0}
			if op.Bias {
				conv.BiasType = p.typeAt(all[3])
			}
			for _, e := range p.candidates(conv, 8, new(chosen)) {
				defer e.close()
				results[conv.Apart]++
				if err := runOn(d, p, e, all[1], all[0], all[2], all[3]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got = contents(t, call.Out[0]); want == nil {
			want = got // sums of integers are exact, and small enough for bfloat16 but for one rounding
		}
		for i := range want {
			if y := got[i]; math.Abs(float64(y-want[i])) > 0x1p-7*math.Abs(float64(want[i])) {
				t.Fatalf("%s %v, variant %d behind %d: element %d is %v, want %v", kernels.Describe(op), dt, k, before, i, y, want[i])
			}
		}
	}
	if simulated() && (results[true] == 0 || results[false] == 0 && dt != kernels.Float64) {
		t.Errorf("%s %v: %d plans apart, %d that go on", kernels.Describe(op), dt, results[true], results[false])
	}
}

// Where there is no memory to time engines on, the first computes, and nothing is kept.
func TestUntimedChoiceIsNotKept(t *testing.T) {
	emulated(t)
	folder := cached(t)
	d := open(t, Options{Precision: TF32})
	huge := wide
	huge.N = 30000 // images and outputs take 86 MB, and 80 of 512 are left
	err := d.do(func() error {
		d.openCuDNN()
		if _, err := d.pool.get(400 << 20); err != nil {
			return err
		}
		e, err := (&planner{device: d, workspace: 1 << 20}).engineFor(cudnn.Convolution{Conv: huge})
		if err == nil && (e.origin != "heuristic" || e.Tried != 0) {
			t.Errorf("%+v", e)
		}
		return err
	})
	if list := files(t, folder); err != nil || len(list) != 0 {
		t.Errorf("%v, files %q", err, list)
	}
}
