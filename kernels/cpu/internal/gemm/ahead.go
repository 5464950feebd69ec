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
	tiles := j.strips*j.columns*ceil(j.k, j.depth) - len(j.ahead) // a tile asks for nothing behind the end of an operand
	j.share = ceil(lines, max(1, tiles))
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

// alongTiles is what tiles of some depth ask for as they go along k, each of its share: the memory from ahead on, skip elements from tile to tile,
// every step bytes. Of what is more than a line for each of the depth they ask at once. They are fewer than wanted where an operand ends.
func (j *job[T]) alongTiles(depth, wanted int, none *T) (tiles int, ahead *T, step, skip int) {
	j.ask(wanted * (j.share - depth))
	if len(j.ahead) == 0 {
		return wanted, none, 1, 0
	}
	next := j.ahead[0]
	const unit = 8 // bytes: a whole number of elements
	step = min(lineBytes, ceil(min(j.share, depth)*lineBytes, depth*unit)*unit)
	skip = depth * step * inLine[T]() / lineBytes
	tiles = min(wanted, ceil(len(next), skip))
	j.pass(tiles * skip)
	return tiles, &next[0], step, skip
}

// ask asks for some lines of what the job looks ahead to.
func (j *job[T]) ask(lines int) {
	for lines > 0 && len(j.ahead) > 0 {
		next := j.ahead[0]
		n := min(lines, ceil(len(next), inLine[T]()))
		j.kernel.ask(&next[0], 1, n, 0)
		j.pass(n * inLine[T]())
		lines -= n
	}
}

// pass goes on behind some elements that have been asked for.
func (j *job[T]) pass(n int) {
	if n < len(j.ahead[0]) {
		j.ahead[0] = j.ahead[0][n:]
	} else {
		j.ahead = j.ahead[1:]
	}
}
