//go:build gpu

package cuda

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"drift/kernels"
	"drift/kernels/profile"
)

// A profile has a row for each kind of call, with who did it, and the rows add up to the time of the program: they are the pieces
// between its events, in float32 milliseconds.
func TestProfile(t *testing.T) {
	p := new(profile.Profile)
	d := open(t, Options{Profile: p})
	x := buffer32(t, d, random(64*64))
	y, z := buffer32(t, d, make([]float32, 64*64)), buffer32(t, d, make([]float32, 64))
	product := kernels.Call{Op: kernels.Gemm{Batch: 1, M: 64, N: 64, K: 64, Alpha: 1}, Out: []kernels.Buffer{y}, In: []kernels.Buffer{x, x}}
	all := kernels.Map{N: 64 * 64, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}
	sum := kernels.Call{Op: kernels.Reduce{A: 64, B: 64, C: 1, Map: all}, Out: []kernels.Buffer{z}, In: []kernels.Buffer{y}}
	const runs = 3
	run(t, d, runs, append(convolve(t, d, small), product, sum)...)
	rows, whole := p.Rows()
	if len(rows) != 5 {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	if off := math.Abs(profile.Sum(rows) - whole); off > 1e-5*whole+1e-6*float64(len(rows)*runs) {
		t.Errorf("the rows add up to %v s, the programs took %v s", profile.Sum(rows), whole)
	}
	const images, outputs, weights = 2 * 3 * 30, 2 * 4 * 30, 4 * 27
	want := map[string]profile.Key{
		"gemm":   {Shape: "64×64×64 NN", How: "cublas", Cost: kernels.Cost{Bytes: 4 * 3 * 4096, Flops: 2 * 262144}},
		"reduce": {Shape: "64×64×1", How: "reduce", Cost: kernels.Cost{Bytes: 4 * (4096 + 64), Flops: 4096}},
		"conv": {Shape: "2×3×6×5 ⋆ 4×3×3", How: "cudnn eng0_k2=0 NCHW",
			Cost: kernels.Cost{Bytes: 4 * (images + outputs + weights), Flops: 2 * outputs * 27}},
	}
	if name, _ := findCuDNN(); name == "" {
		delete(want, "conv")
	}
	for _, r := range rows {
		w, ok := want[r.Op]
		if w.Op, w.DType = r.Op, "float32"; ok && (r.Key != w || r.Count != runs || r.Seconds < 0) {
			t.Errorf("%+v, want %+v", r, w)
		}
		delete(want, r.Op)
	}
	if len(want) > 0 {
		t.Errorf("no rows of %v", want)
	}
}

// The environment asks for the profile of a whole process.
func TestProfileIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profile.json")
	t.Setenv("DRIFT_CUDA_PROFILE", path)
	d := open(t, Options{})
	run(t, d, 2, convolve(t, d, small)...)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	var table profile.Table
	if err == nil {
		err = json.Unmarshal(text, &table)
	}
	if err != nil || len(table.Rows) != 3 || len(table.Ceilings) != 2 || table.Device != "cuda:0" {
		t.Fatalf("%v: %s", err, text)
	}
	for _, r := range table.Rows {
		if r.Count != 2 || r.Bytes <= 0 || r.Flops <= 0 || r.Share <= 0 || r.GBs <= 0 {
			t.Errorf("%+v", r)
		}
	}
}
