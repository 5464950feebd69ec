package profile

import (
	"math"
	"testing"

	"drift/kernels"
)

func TestRowsAddUpEqualCalls(t *testing.T) {
	var p Profile
	product := Key{Op: "gemm", Shape: "2×3×4 NN", DType: "float32", Cost: kernels.Cost{Bytes: 100, Flops: 48}}
	other := product
	other.How = "cublas"
	for _, s := range []float64{0.25, 0.5} {
		p.Add(product, s)
	}
	p.AddCalls(other, 5, 2)
	p.AddWhole(3)
	rows, whole := p.Rows()
	if len(rows) != 2 || rows[0] != (Row{other, 5, 2}) || rows[1] != (Row{product, 2, 0.75}) || whole != 3 || Sum(rows) != 2.75 {
		t.Errorf("%+v, %v", rows, whole)
	}
	p.Clear()
	if rows, whole := p.Rows(); len(rows) != 0 || whole != 0 {
		t.Errorf("after Clear: %+v, %v", rows, whole)
	}
}

// The share is what bandwidth or rate allow, whichever takes longer, by the time that was taken.
func TestShareOfTheCeiling(t *testing.T) {
	c := Ceiling{DType: "float32", Bytes: 1000, Flops: 1e6}
	for _, r := range []struct {
		bytes, flops, seconds float64
		count                 int
		want                  float64
	}{
		{500, 0, 1, 1, 0.5}, {500, 1e6, 2, 1, 0.5}, {500, 0, 4, 4, 0.5}, {2000, 0, 1, 1, 2}, {500, 0, 0, 1, 0},
	} {
		row := Row{Key{Cost: kernels.Cost{Bytes: r.bytes, Flops: r.flops}}, r.count, r.seconds}
		if got := c.Share(row); math.Abs(got-r.want) > 1e-15 {
			t.Errorf("%+v: %v, want %v", r, got, r.want)
		}
	}
	var p Profile
	p.Add(Key{Op: "a", DType: "float32", Cost: kernels.Cost{Bytes: 500, Flops: 3e9}}, 0.5)
	p.Add(Key{Op: "b", DType: "float64", Cost: kernels.Cost{Bytes: 500}}, 0.25)
	table := p.Table("cpu", []Ceiling{c})
	if a, b := table.Rows[0], table.Rows[1]; a.GFlop != 6 || a.GBs != 1e-6 || a.Share != 6000 || b.Share != 0 || table.Sum != 0.75 {
		t.Errorf("%+v", table)
	}
}
