package timing

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/profile"
)

// plain is a device that has no calls besides those that all gain by.
type plain struct{ kernels.Device }

// What is counted is what a device is asked for that has no calls of its own: a profile of the same step has the same calls.
func TestCountIsThatOfAProfile(t *testing.T) {
	p := new(profile.Profile)
	dev := cpu.New(cpu.Options{Threads: 1, Profile: p})
	defer dev.Close()
	for _, c := range GPUCases(kernels.Float32, true) {
		counted, err := Count(c)
		if err != nil {
			t.Fatal(err)
		}
		measured, err := Profile(t.Context(), plain{dev}, p, nil, c)
		if err != nil {
			t.Fatal(err)
		}
		calls, bytes, flops := 0, 0.0, 0.0
		for _, l := range measured.Rows {
			if l.Op != Host {
				calls, bytes, flops = calls+l.Count, bytes+l.Bytes*float64(l.Count), flops+l.Flops*float64(l.Count)
			}
		}
		steps := float64(measured.Steps)
		if counted.Calls != float64(calls)/steps || counted.Bytes != bytes/steps || counted.Flops != flops/steps {
			t.Errorf("%s: counted %v calls, %v bytes, %v operations; a profile has %v, %v, %v", c.Name, counted.Calls, counted.Bytes, counted.Flops,
				float64(calls)/steps, bytes/steps, flops/steps)
		}
		sum := 0.0
		for _, bytes := range counted.Kinds {
			sum += bytes
		}
		if math.Abs(sum-counted.Bytes) > 1e-9*sum {
			t.Errorf("%s: the kinds add up to %v of %v bytes", c.Name, sum, counted.Bytes)
		}
	}
}

// Steps move little more than they must: operands that are read twice are what is between.
func TestBytesAreNearTheLeast(t *testing.T) {
	most := map[string]float64{"gpu/mlp4096/sgd": 1.15, "gpu/resnet20/sgd": 1.1}
	for _, c := range GPUCases(kernels.Float32, false) {
		bytes, known := least(c.Name)
		if known != (most[c.Name] > 0) {
			t.Fatalf("%s: known %v", c.Name, known)
		}
		if !known {
			continue
		}
		counted, err := Count(c)
		if err != nil {
			t.Fatal(err)
		}
		if ratio := counted.Bytes / bytes; !(ratio >= 1 && ratio <= most[c.Name]) {
			t.Errorf("%s: %v bytes, %.3f times the least, want 1 to %v", c.Name, counted.Bytes, ratio, most[c.Name])
		}
	}
}

// A further product with the Hessian leaves out the matrix products of the forward pass and of the adjoints, which the first does of all layers but the lowest: nothing
// reads the adjoint there, as the data do not change along v.
func TestFurtherHessianProductsLeaveTheGradientOut(t *testing.T) {
	for _, w := range networks {
		const n = 6
		flops := func(open func(*workload) (func() error, error)) float64 {
			counted, err := Count(Case{Name: w.name, Open: work(w, step{open: open}, kernels.Float32, n)})
			if err != nil {
				t.Fatal(err)
			}
			return counted.Flops
		}
		want := 0.0
		for k, l := range w.layers {
			product := 2 * float64(n) * float64(l.positions) * float64(l.in) * float64(l.out)
			if want += product; k > 1 { // the adjoint that it gives is of layer k−1, counted from 0
				want += product
			}
		}
		if left := flops(hvp) - flops(furtherHVP); math.Abs(left-want) > 5e-3*want { // losses and sums count too
			t.Errorf("%s: %v operations are left out, want %v", w.name, left, want)
		}
	}
}

// The committed table has a row for each case that is counted where none is named, and tells what its steps take, to a tenth.
func TestCommittedCounts(t *testing.T) {
	text, err := os.ReadFile("../results/counts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range append(steps(kernels.Float32), GPUCases(kernels.Float32, false)...) {
		_, row, found := strings.Cut(string(text), "\n| "+c.Name+" | ")
		if found != InCountTable(c.Name) {
			t.Errorf("%s: in the table is %v: make count-table writes it anew", c.Name, found)
		}
		if !found {
			continue
		}
		counted, err := Count(c)
		if err != nil {
			t.Fatal(err)
		}
		cells := strings.Split(row, " | ")
		calls, _ := strconv.ParseFloat(cells[0], 64)
		callsNarrow, _ := strconv.ParseFloat(cells[1], 64)
		mb, _ := strconv.ParseFloat(cells[2], 64)
		narrow, _ := strconv.ParseFloat(cells[3], 64)
		uploaded, _ := strconv.ParseFloat(cells[4], 64)
		if math.Abs(calls-counted.Calls) > 0.1*counted.Calls || math.Abs(mb*1e6-counted.Bytes) > 0.1*counted.Bytes ||
			math.Abs(narrow*1e6-counted.BytesBF16) > 0.1*counted.BytesBF16 || math.Abs(callsNarrow-counted.CallsBF16) > 0.1*counted.CallsBF16 ||
			math.Abs(uploaded*1e3-counted.Uploaded) > 0.1*counted.Uploaded+50 {
			t.Errorf("%s: %v calls and %v MB in the table, counted are %v and %v: make count-table writes it anew", c.Name, calls, mb, counted.Calls, counted.Bytes/1e6)
		}
	}
}
