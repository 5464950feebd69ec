package kerneltest

import (
	"math"

	"drift/kernels"
)

func rowSum(row []float64) (largest, sum float64) {
	largest = math.Inf(-1)
	for _, v := range row {
		largest = max(largest, v)
	}
	for _, v := range row {
		sum += math.Exp(v - largest)
	}
	return largest, sum
}

// refSoftmax has as scale the result times one plus the distance from the largest: subtracting the largest rounds by that.
func refSoftmax(p kernels.Softmax, out, scale, x []float64) {
	for r := range p.Rows {
		row := x[r*p.Cols : (r+1)*p.Cols]
		m, sum := rowSum(row)
		for c, v := range row {
			i := r*p.Cols + c
			if p.Log {
				out[i] = v - m - math.Log(sum)
				scale[i] = 1 + math.Abs(out[i])
			} else {
				out[i] = math.Exp(v-m) / sum
				scale[i] = out[i]*(1+spread(row)) + 0x1p-100
			}
		}
	}
}

func spread(row []float64) float64 {
	least, largest := math.Inf(1), math.Inf(-1)
	for _, v := range row {
		least, largest = min(least, v), max(largest, v)
	}
	return largest - least
}

func refCrossEntropy(p kernels.CrossEntropy, out, scale, z, y []float64) {
	for r := range p.Rows {
		row := z[r*p.Cols : (r+1)*p.Cols]
		m, sum := rowSum(row)
		out[r] = math.Log(sum) - (at(row, y[r]) - m)
		scale[r] = 1 + math.Abs(out[r])
	}
}

func refScatter(p kernels.Scatter, out, scale, x, index []float64) {
	for i, v := range x {
		t, c := index[i/p.Width], i%p.Width
		if t >= 0 && t < float64(p.Table) {
			out[int(t)*p.Width+c] += v
			scale[int(t)*p.Width+c] += math.Abs(v)
		}
	}
}
