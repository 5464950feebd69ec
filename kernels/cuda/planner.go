//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/driver"
)

// planner turns calls into commands. Scratch memory begins at scratch; every call uses it anew.
type planner struct {
	device       *device
	dtype        kernels.DType
	narrow       map[uint64]bool // addresses of the call's operands that are stored as bfloat16
	workspace    int64           // the most that cuDNN may use for a convolution
	scratch      uint64
	scratchBytes int64
	kept         int64 // of scratch memory, for a call that is made of others
	commands     []command
	plan         []part
	sizing       bool      // only the scratch memory is of interest
	convolutions int       // that cuDNN computes
	chosen       []*chosen // how
	widened      []string  // why it takes others in float32 that are stored as bfloat16
	copied       int       // of these with operands that are copied to where it takes them
	copiedBytes  int64     // that such copies read and write
	unaligned    int       // products with operands that cuBLAS cannot read 16 bytes at a time
	refusals     []string  // why it does not compute others
	attentions   int       // and gradients of such, that cuDNN computes
	masks        []*mask
	notes        uint64 // where they are
	maskBytes    int64
	joins        int      // products that cublasLt goes on with
	ltRefusals   []string // why it does not go on with others

	attentionRefusals []string // why cuDNN does not compute others
}

// part is the commands of a call, or of two that are done together: those before end that no part before it has.
type part struct {
	calls []kernels.Call
	end   int
}

// maxElements bounds what a kernel indexes: positions are 32 bits wide, with room for a block past the end.
const maxElements = math.MaxInt32

func (p *planner) add(calls []kernels.Call) error {
	for i, c := range calls {
		if err := p.check(c); err != nil {
			return fmt.Errorf("call %d: %s: %w", i, c.Op.Name(), err)
		}
	}
	p.findMasks(calls)
	defer func() { p.scratchBytes += p.maskBytes }()
	for i := 0; i < len(calls); i++ {
		c := calls[i]
		if _, several := c.Op.(kernels.Copies); len(c.Out) == 0 || c.Out[0].Len() == 0 && !several {
			continue
		}
		p.dtype, p.narrow = c.DType(), narrow(c)
		two, err := p.maxPooling(calls[i:])
		if err == nil && !two {
			err = p.call(i, c.Op, addresses(c.Out), addresses(c.In))
		}
		if err != nil {
			return fmt.Errorf("call %d: %s: %w", i, c.Op.Name(), err)
		}
		last := i
		if two {
			last++
		}
		if begin := p.done(); len(p.commands) > begin {
			p.plan = append(p.plan, part{calls[i : last+1], len(p.commands)})
		}
		i = last
	}
	return nil
}

// done is the number of commands that belong to parts.
func (p *planner) done() int {
	if len(p.plan) == 0 {
		return 0
	}
	return p.plan[len(p.plan)-1].end
}

// check reports an operand that the kernels cannot take.
func (p *planner) check(c kernels.Call) error {
	for _, b := range slices.Concat(c.Out, c.In) {
		if other, ok := b.(*buffer); !ok || other.device != p.device {
			return fmt.Errorf("an operand is not on %s", p.device.name)
		}
		if _, product := c.Op.(kernels.Gemm); b.Len() > maxElements && !product && b.DType() != kernels.Uint8 {
			return fmt.Errorf("operand of %d elements, at most %d fit a kernel: use a smaller batch or chunk", b.Len(), maxElements)
		}
	}
	return nil
}

// call plans a primitive, the call of number at.
func (p *planner) call(at int, op kernels.Primitive, out, in []uint64) error {
	switch op := op.(type) {
	case kernels.Gemm:
		return p.gemm(op, out[0], in[0], in[1])
	case kernels.Product:
		return p.product(at, op, out, in)
	case kernels.Map, kernels.Reduce, kernels.Rowwise:
		return p.fused(op, out, in)
	case kernels.Columnwise:
		return p.columnwise(at, op, out, in)
	case kernels.Copies:
		return p.copies(op, out, in)
	case kernels.Attention:
		return p.attention(op, out, in)
	case kernels.AttentionGradient:
		return p.attentionGradient(op, out, in)
	case kernels.AttentionTangent:
		return p.attentionTangent(op, out, in)
	case kernels.AttentionHVP:
		return p.attentionHVP(op, out, in)
	case kernels.Softmax, kernels.CrossEntropy, kernels.Correct, kernels.Pick, kernels.Place:
		return p.rows(op, out[0], in)
	case kernels.Gather, kernels.Scatter:
		return p.table(op, out[0], in)
	case kernels.Unpack:
		return p.unpack(op, out[0], in)
	case kernels.Cast:
		return p.cast("cast", op.N, out[0], in[0])
	case kernels.Number:
		return p.cast("number", op.N, out[0], in[0])
	case kernels.Known:
		return p.cast("known", op.N, out[0], in[0])
	case kernels.Uniform:
		return p.uniform(op, out[0], in[0], in[1])
	case kernels.Permute:
		return p.permute(op, out[0], in[0])
	case kernels.Slice:
		return p.slice("slice", op, out[0], in[0])
	case kernels.Pad:
		return p.slice("pad", kernels.Slice(op), out[0], in[0])
	case kernels.Conv:
		return p.conv(op, out[0], in[0], in[1])
	case kernels.Convolved:
		return p.convolved(op, out[0], in)
	case kernels.ConvSum:
		return p.convSum(at, op, out[0], in)
	case kernels.ConvInput:
		return p.convInput(op, out[0], in[0], in[1])
	case kernels.ConvWeight:
		return p.convWeight(op, out[0], in[0], in[1])
	case kernels.Im2Col:
		return p.im2col(op.Window, out[0], in[0])
	case kernels.Col2Im:
		return p.col2im(op.Window, out[0], in[0])
	case kernels.WindowGram:
		return p.windowGram(op, out[0], in[0])
	case kernels.PixelGram:
		return p.pixelGram(op, out[0], in[0])
	case kernels.MaxIndex, kernels.MaxGather, kernels.MaxScatter, kernels.AvgPool, kernels.AvgUnpool:
		return p.pooling(op, out[0], in)
	}
	return fmt.Errorf("%T has no CUDA kernel", op)
}

// addresses are those of buffers that have been checked to be the device's.
func addresses(buffers []kernels.Buffer) []uint64 {
	list := make([]uint64, len(buffers))
	for i, b := range buffers {
		list[i] = b.(*buffer).ptr
	}
	return list
}

// narrow is the addresses of operands that are stored as bfloat16. An output that replaces an input is stored as that is.
func narrow(c kernels.Call) map[uint64]bool {
	var list map[uint64]bool
	for _, b := range slices.Concat(c.Out, c.In) {
		if b.DType() == kernels.BFloat16 {
			if list == nil {
				list = make(map[uint64]bool)
			}
			list[b.(*buffer).ptr] = true
		}
	}
	return list
}

// reserve asks for a number of bytes of scratch memory behind offset, and returns their address and the offset behind them.
func (p *planner) reserve(offset, bytes int64) (address uint64, next int64) {
	next = (offset + bytes + 255) / 256 * 256
	p.scratchBytes = max(p.scratchBytes, p.kept+next)
	return p.scratch + uint64(p.kept+offset), next
}

func (p *planner) size() int64 { return int64(p.dtype.Size()) }

// launch is a kernel with its arguments, a struct that holds addresses and numbers only.
type launch struct {
	name     string
	function cu.Function
	grid     driver.Grid
	args     unsafe.Pointer
}

func (l *launch) issue(d *device) error { return driver.Launch(l.function, l.grid, d.stream, l.args) }

func (l *launch) kernel() string { return l.name }

// add appends a launch of a kernel to the plan; a grid without blocks has nothing to do.
func add[Args any](p *planner, kernel string, grid driver.Grid, args Args) error {
	return addOf(p, kernel, p.dtype, grid, args)
}

// addOf is add for the kernel that moves elements of a type.
func addOf[Args any](p *planner, kernel string, dt kernels.DType, grid driver.Grid, args Args) error {
	if grid.X == 0 {
		return nil
	}
	function, err := p.device.functions.get(kernel, dt)
	if err != nil {
		return err
	}
	p.commands = append(p.commands, &launch{kernel, function, grid, unsafe.Pointer(&args)})
	return nil
}

// blockThreads is the size of most blocks.
const blockThreads = 256

// across is a grid of blocks with one thread for each of n elements.
func across(n int) driver.Grid { return blocks(ceil(n, blockThreads), blockThreads) }

func blocks(n, threads int) driver.Grid { return driver.Grid{X: n, Y: 1, Z: 1, Threads: threads} }

func ceil(a, b int) int { return (a + b - 1) / b }

// power is the smallest power of two that is at least n and at most limit, itself one.
func power(n, limit int) int {
	p := 1
	for p < n && p < limit {
		p *= 2
	}
	return p
}
