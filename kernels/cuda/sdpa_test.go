//go:build gpu

package cuda

import (
	"math"
	"strings"
	"testing"

	"drift/kernels"
	"drift/kernels/cuda/cudnn"
)

// heads8 are attentions that cuDNN takes: with a layout of 16 bytes for each head.
var heads8 = []kernels.Attention{
	{Batch: 2, Heads: 1, Queries: 9, Keys: 9, Width: 8, Values: 8, Scale: 0.4, Causal: true},
	{Batch: 2, Heads: 3, Queries: 7, Keys: 12, Width: 8, Values: 16, Scale: 0.4},
	{Batch: 2, Heads: 2, Queries: 33, Keys: 33, Width: 8, Values: 8, Scale: 0.3, Causal: true, Packed: true},
	{Batch: 1, Heads: 3, Queries: 5, Keys: 5, Width: 16, Values: 16, Scale: 0.3, Packed: true},
}

// attended runs an attention and its gradient on operands stored as bfloat16, and returns the results of both.
func attended(t *testing.T, d *device, p kernels.Attention) (results [][]float32) {
	t.Helper()
	_, sizes, _ := p.Operands()
	in := narrowNumbers(sizes)
	results = storedIn(t, d, p, kernels.BFloat16, 0, in)
	g := random(len(results[0]))
	o := make([]float32, len(results[0]))
	for i, v := range results[0] {
		o[i] = kernels.RoundBFloat16(v)
	}
	return append(results, storedIn(t, d, kernels.AttentionGradient(p), kernels.BFloat16, 0, append(in, o, g, results[1]))...)
}

// cuDNN's graphs compute what the kernels do that need no cuDNN, up to the rounding of weights and slopes to bfloat16 for its products.
func TestAttentionByCuDNN(t *testing.T) {
	obedient(t)
	library(t)
	for _, p := range heads8 {
		d := open(t, Options{Precision: BF16})
		got := attended(t, d, p)
		if r := d.Report(); r.Attentions != 2 || r.AttentionsRefused != 0 {
			t.Fatalf("%s: %d by cuDNN, %d refused: %q", kernels.Describe(p), r.Attentions, r.AttentionsRefused, r.Notices)
		}
		t.Setenv("DRIFT_CUDNN", "off")
		own := open(t, Options{Precision: BF16})
		want := attended(t, own, p)
		if r := own.Report(); r.Attentions != 0 || r.AttentionsRefused != 0 {
			t.Fatalf("%+v without cuDNN", r)
		}
		t.Setenv("DRIFT_CUDNN", "")
		for k := range want {
			most := 0.0
			for _, v := range want[k] {
				most = max(most, math.Abs(float64(v)))
			}
			for i, v := range want[k] {
				// two roundings to 8 bits of terms that may be larger than their sum
				if difference := math.Abs(float64(got[k][i] - v)); !(difference <= 0x1p-6*most) {
					t.Fatalf("%s: element %d of result %d is %v, want %v", kernels.Describe(p), i, k, got[k][i], v)
				}
			}
		}
	}
}

// What cuDNN does not take is counted, said in a line, and computed all the same.
func TestAttentionThatCuDNNRefuses(t *testing.T) {
	emulated(t)
	library(t)
	p := heads8[2]
	narrow := p
	narrow.Width, narrow.Values = 5, 5
	for _, c := range []struct {
		name, variable, value string
		op                    kernels.Attention
		says                  string
	}{
		{"an old version", "DRIFT_EMULATOR_CUDNN_VERSION", "8907", p, "from version 9.1 on"},
		{"a wrong version", "DRIFT_EMULATOR_CUDNN_VERSION", "91001", p, "known to be wrong"},
		{"an engine that cannot", "DRIFT_EMULATOR_NO_ENGINE", "7", p, "does not want to"},
		{"too much workspace", "DRIFT_EMULATOR_WORKSPACE", "100000000000", p, "are allowed"},
		{"heads that are not aligned", "DRIFT_EMULATOR_CUDNN_VERSION", "90100", narrow, "multiples of 8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			d := open(t, Options{Precision: BF16})
			for _, x := range attended(t, d, c.op) {
				for _, v := range x {
					if v != v {
						t.Fatal("no number")
					}
				}
			}
			r := d.Report()
			if r.Attentions != 0 || r.AttentionsRefused != 2 || !strings.Contains(strings.Join(r.Notices, "\n"), c.says) {
				t.Errorf("%d by cuDNN, %d refused: %q", r.Attentions, r.AttentionsRefused, r.Notices)
			}
		})
	}
	if (&cudnn.Handle{Version: "9.11.0"}).Attends() != nil {
		t.Error("9.11.0 is refused")
	}
}

// Attention of float32 is never given to cuDNN, which has no engine for it.
func TestAttentionOfFloat32IsOwn(t *testing.T) {
	library(t)
	d := open(t, Options{})
	p := heads8[0]
	_, sizes, _ := p.Operands()
	var in [][]float32
	for _, n := range sizes {
		in = append(in, random(n))
	}
	storedIn(t, d, p, kernels.Float32, 0, in)
	if r := d.Report(); r.Attentions != 0 || r.AttentionsRefused != 0 || len(r.Notices) > 0 {
		t.Errorf("%+v", r)
	}
}
