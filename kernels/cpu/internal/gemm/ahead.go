package gemm

import (
	"unsafe"

	"drift/kernels"
)

const (
	lineBytes = 64                    // of a cache line
	mostAhead = 512 << 10 / lineBytes // lines of an item that are asked for: more would displace the current item from L2
)

// look makes the job ask for the operands and the result of another item while it computes the current one: each is read or written
// once and comes from memory, for which the copying into strips and the stores would have to wait.
func (j *job[T]) look(item int) {
	j.ahead = j.asked[:0]
	if j.kernel.ask == nil || item >= j.batch {
		return
	}
	result := Matrix[T]{Data: j.c, LD: j.ldc, Stride: j.strideC}
	lines := j.lookAt(&j.a, item, j.m, j.k) + j.lookAt(&j.b, item, j.k, j.n) + j.lookAt(&result, item, j.m, j.n)
	if lines > mostAhead {
		j.ahead = j.ahead[:0]
	}
	j.share = ceil(lines, j.strips*j.columns*ceil(j.k, j.depth))
}

// lookAt adds where op(X) of an item lies to what the job asks for, and returns its lines. What all items share is there already.
func (j *job[T]) lookAt(x *Matrix[T], item, rows, cols int) int {
	if x.Pack != nil || x.Stride == 0 {
		return 0
	}
	if x.Trans {
		rows, cols = cols, rows
	}
	j.ahead = append(j.ahead, x.Data[item*x.Stride:][:(rows-1)*x.LD+cols])
	return ceil(len(j.ahead[len(j.ahead)-1]), inLine[T]())
}

// inLine is the elements of a cache line.
func inLine[T kernels.Float]() int {
	var t T
	return lineBytes / int(unsafe.Sizeof(t))
}

// ask asks for a tile's share of what the job looks ahead to.
func (j *job[T]) ask() {
	for left := j.share; left > 0 && len(j.ahead) > 0; {
		next := j.ahead[0]
		lines := min(left, ceil(len(next), inLine[T]()))
		j.kernel.ask(&next[0], lines)
		left -= lines
		if done := lines * inLine[T](); done < len(next) {
			j.ahead[0] = next[done:]
		} else {
			j.ahead = j.ahead[1:]
		}
	}
}
