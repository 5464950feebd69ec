package kernels

// Cost is the least that a call must move and compute.
type Cost struct {
	Bytes float64 // every element that is read or written, once
	Flops float64 // additions, multiplications and functions; 0 for what only moves numbers
}

// Cost of a call. Products count 2 operations for each pair of factors; chains one for each instruction that computes, at each index.
func (c Call) Cost() Cost {
	if len(c.Out) == 0 {
		return Cost{}
	}
	return Cost{Bytes: c.touched(), Flops: Flops(c.Op)}
}

// touched is the bytes that a call reads and writes: its operands, save that of tables it reads the rows it takes.
func (c Call) touched() float64 {
	bytes, n := 0, 0 // n: elements of the call's type besides
	for _, list := range [][]Buffer{c.Out, c.In} {
		for _, b := range list {
			bytes += b.Len() * b.DType().Size()
		}
	}
	switch p := c.Op.(type) {
	case Gemm:
		if p.Beta != 0 {
			n += p.Batch * p.M * p.N
		}
	case Gather:
		n += (p.Rows - p.Table) * p.Width
	case Pick:
		n -= p.Rows * (p.Cols - 1)
	case Unpack:
		bytes += (p.Rows - p.Table) * p.Groups * p.Height * p.Width
	}
	return float64(bytes) + float64(n)*float64(c.DType().Size())
}

// Flops is the operations of a call, counted as Cost has it.
func Flops(op Primitive) float64 {
	switch p := op.(type) {
	case Gemm:
		return 2 * product(p.Batch, p.M, p.N, p.K)
	case Product:
		return Flops(p.Gemm) // what it goes on with costs no time of its own
	case Conv:
		return 2 * product(p.N, p.O, p.OutH(), p.OutW(), p.C/p.Parts(), p.KH, p.KW)
	case Convolved:
		return Flops(p.Conv)
	case ConvSum:
		return 2 * Flops(p.Conv)
	case ConvInput:
		return Flops(Conv(p))
	case ConvWeight:
		return Flops(Conv(p))
	case Map:
		return float64(p.N) * float64(p.computing())
	case Reduce:
		return float64(p.Map.N) * float64(p.Map.computing()+1)
	case Rowwise:
		return flopsOf(p.Steps)
	case Columnwise:
		return flopsOf(p.Steps)
	case Softmax: // largest, difference, exponential, sum and quotient
		return 5 * product(p.Rows, p.Cols)
	case Attention: // two products and the softmax of what is seen
		return product(p.Batch, p.Heads, p.Pairs()) * float64(2*p.Width+2*p.Values+5)
	case AttentionGradient: // five products, and the exponential, difference and product between them
		return product(p.Batch, p.Heads, Attention(p).Pairs()) * float64(6*p.Width+4*p.Values+4)
	case AttentionTangent: // five products; the exponential, the mean of slopes and what differs from it
		return product(p.Batch, p.Heads, Attention(p).Pairs()) * float64(6*p.Width+4*p.Values+6)
	case AttentionHVP: // twelve products; besides, the slopes of scores and how they change
		return product(p.Batch, p.Heads, Attention(p).Pairs()) * float64(14*p.Width+10*p.Values+14)
	case CrossEntropy: // largest, difference, exponential and sum
		return 4 * product(p.Rows, p.Cols)
	case Uniform:
		return uniformFlops * product(p.Rows, p.Width)
	case Scatter:
		return product(p.Rows, p.Width)
	case Col2Im:
		return product(p.N, p.C, p.OutH(), p.OutW(), p.KH, p.KW)
	case WindowGram:
		return p.pairs()
	case PixelGram:
		return p.pairs()
	case MaxScatter:
		return product(p.N, p.C, p.OutH(), p.OutW())
	case AvgPool:
		return product(p.N, p.C, p.OutH(), p.OutW(), p.KH, p.KW)
	case AvgUnpool:
		return product(p.N, p.C, p.OutH(), p.OutW(), p.KH, p.KW)
	}
	return 0
}

// flopsOf is the operations of all steps.
func flopsOf(steps []Step) (all float64) {
	for _, s := range steps {
		all += Flops(s.Op)
	}
	return all
}

// pairs is the sums of WindowGram and its adjoint, padding included.
func (w Window) pairs() float64 {
	t := w.OutH() * w.OutW()
	return product(w.N, w.C, t, t, w.KH, w.KW)
}

// uniformFlops is the operations of a number: ten rounds make four of them, each with 2 products, 4 exclusive ors and 2 sums.
const uniformFlops = 10 * 8 / 4

// computing is the number of instructions that compute something.
func (p Map) computing() int {
	n := 0
	for _, i := range p.Code {
		if i.Fn != FnConst && i.Fn != FnCopy {
			n++
		}
	}
	return n
}

func product(sizes ...int) float64 {
	n := 1.0
	for _, s := range sizes {
		n *= float64(s)
	}
	return n
}
