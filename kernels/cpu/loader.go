package cpu

import (
	"fmt"
	"slices"
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/pool"
)

// step is one prepared pass of a kernel.
type step func(p *pool.Pool)

// loader collects the steps of an executable and the scratch memory that they need.
type loader struct {
	threads       int
	steps         []step
	local, shared *arena // scratch of each worker, and of a call as a whole
	bytes         int64  // held besides the arenas
}

// operands are the resolved slices of a call. index is the operand that holds indices, nil in the others' place; where there are two, key
// is the first.
type operands[T kernels.Float] struct {
	out, in [][]T
	index   []int32
	key     []int32
	bytes   []byte // likewise
}

func (l *loader) load(c kernels.Call) error {
	if err := c.Check(); err != nil {
		return err
	}
	switch c.DType() {
	case kernels.Float64:
		return load[float64](l, c)
	case kernels.Int32:
		return loadIndices(l, c)
	}
	return load[float32](l, c)
}

// loadIndices prepares a call of which all operands are indices.
func loadIndices(l *loader, c kernels.Call) error {
	var data [][]int32
	var bytes []byte
	for k, b := range slices.Concat(c.Out, c.In) {
		if packed, ok := b.(*exact[byte]); ok {
			bytes = packed.data
			continue
		}
		own, ok := b.(*indices)
		if !ok {
			return fmt.Errorf("%s: operand %d is a buffer of another device", c.Op.Name(), k)
		}
		data = append(data, own.data)
	}
	switch p := c.Op.(type) {
	case kernels.Gather:
		gatherRows(l, p, data[0], data[1], data[2], -1)
	case kernels.Known:
		loadKnown(l, p, data[0], data[1])
	case kernels.Unpack:
		var moves []int32
		if p.Moved {
			moves = data[3]
		}
		unpackRows(l, p, data[0], data[1], bytes, data[2], moves, -1)
	default: // what only moves them
		o := operands[float32]{out: [][]float32{asNumbers(data[0])}, in: [][]float32{asNumbers(data[1])}}
		if err := checkOverlap(p, o); err != nil {
			return fmt.Errorf("%s: %w", p.Name(), err)
		}
		return prepare(l, p, o)
	}
	return nil
}

// asNumbers is the bits of indices, for loops that move elements of their size.
func asNumbers(x []int32) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

func load[T kernels.Float](l *loader, c kernels.Call) error {
	var o operands[T]
	for i, list := range [][]kernels.Buffer{c.Out, c.In} {
		to := &o.out
		if i > 0 {
			to = &o.in
		}
		for k, b := range list {
			switch b := b.(type) {
			case *buffer[T]:
				*to = append(*to, b.data)
			case *indices:
				*to, o.key, o.index = append(*to, nil), o.index, b.data
			case *exact[byte]:
				*to, o.bytes = append(*to, nil), b.data
			default:
				return fmt.Errorf("%s: operand %d is a buffer of another device", c.Op.Name(), k)
			}
		}
	}
	if err := checkOverlap(c.Op, o); err != nil {
		return fmt.Errorf("%s: %w", c.Op.Name(), err)
	}
	return prepare(l, c.Op, o)
}

func prepare[T kernels.Float](l *loader, op kernels.Primitive, o operands[T]) error {
	switch p := op.(type) {
	case kernels.Map:
		loadMap(l, p, o)
	case kernels.Rowwise:
		loadRowwise(l, p, o)
	case kernels.Columnwise:
		return loadColumnwise(l, p, o)
	case kernels.Reduce:
		loadReduce(l, p, o)
	case kernels.Gemm:
		loadGemm(l, p, o)
	case kernels.Product:
		loadProduct(l, p, o)
	case kernels.Convolved:
		loadConvolved(l, p, o)
	case kernels.Copies:
		for k, n := range p.N {
			loadMap(l, kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}, operands[T]{out: o.out[k : k+1], in: o.in[k : k+1]})
		}
	case kernels.Attention:
		loadAttention(l, p, o)
	case kernels.AttentionGradient:
		loadAttentionGradient(l, p, o)
	case kernels.AttentionTangent:
		loadAttentionTangent(l, p, o)
	case kernels.AttentionHVP:
		loadAttentionHVP(l, p, o)
	case kernels.Softmax:
		loadSoftmax(l, p, o)
	case kernels.CrossEntropy:
		loadCrossEntropy(l, p, o)
	case kernels.Correct:
		loadCorrect(l, p, o)
	case kernels.Pick:
		loadPick(l, p, o)
	case kernels.Place:
		loadPlace(l, p, o)
	case kernels.Gather:
		loadGather(l, p, o)
	case kernels.Unpack:
		loadUnpack(l, p, o)
	case kernels.Scatter:
		loadScatter(l, p, o)
	case kernels.Cast:
		loadCast(l, p, o)
	case kernels.Number:
		loadNumber(l, p, o)
	case kernels.Uniform:
		loadUniform(l, p, o)
	case kernels.Permute:
		loadPermute(l, p, o)
	case kernels.Slice:
		loadSlice(l, p, o)
	case kernels.Pad:
		loadPad(l, p, o)
	case kernels.Conv:
		loadConv(l, p, o)
	case kernels.ConvSum:
		return loadConvSum(l, p, o)
	case kernels.ConvInput:
		loadConvInput(l, p, o)
	case kernels.ConvWeight:
		loadConvWeight(l, p, o)
	case kernels.Im2Col:
		loadIm2Col(l, p, o)
	case kernels.Col2Im:
		loadCol2Im(l, p, o)
	case kernels.WindowGram:
		loadWindowGram(l, p, o)
	case kernels.PixelGram:
		loadPixelGram(l, p, o)
	case kernels.MaxIndex:
		loadMaxIndex(l, p, o)
	case kernels.MaxGather:
		loadMaxGather(l, p, o)
	case kernels.MaxScatter:
		loadMaxScatter(l, p, o)
	case kernels.AvgPool:
		loadAvgPool(l, p, o)
	case kernels.AvgUnpool:
		loadAvgUnpool(l, p, o)
	default:
		return fmt.Errorf("%s: the cpu has no kernel of this type", op.Name())
	}
	return nil
}

// checkOverlap reports operands that share memory where the primitive does not allow it.
func checkOverlap[T kernels.Float](op kernels.Primitive, o operands[T]) error {
	for i, out := range o.out {
		for k, other := range o.out[:i] {
			if overlap(out, other) {
				return fmt.Errorf("outputs %d and %d share memory", k, i)
			}
		}
		for k, in := range o.in {
			if overlap(out, in) && !(kernels.Over(op, i, k) && &out[0] == &in[0]) {
				return fmt.Errorf("output %d shares memory with input %d", i, k)
			}
		}
	}
	return nil
}

func overlap[T kernels.Float](a, b []T) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	from, to := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&a[len(a)-1]))
	return from <= uintptr(unsafe.Pointer(&b[len(b)-1])) && uintptr(unsafe.Pointer(&b[0])) <= to
}
