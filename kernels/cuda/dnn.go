//go:build gpu

package cuda

import (
	"fmt"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/cudnn"
)

// convolution is one call of cuDNN. Where scratch memory is only counted, it has no operands.
type convolution struct {
	*cudnn.Call
	chosen *chosen
}

func (c convolution) issue(*device) error { return c.Run() }

func (c convolution) kernel() string { return "cudnn " + c.chosen.how() }

func (c convolution) Close() {
	if c.Call != nil {
		c.Call.Close()
	}
}

// What cuDNN may use as workspace: a quarter of what is free, as implicit products of large batches want some hundred MiB, and no
// more than any of them can make use of; or little, where even that is not there.
const (
	mostWorkspace  = 4 << 30
	leastWorkspace = 32 << 20
)

// workspaceLimit is the most that a convolution may use now. It is asked for in the device's turn.
func (d *device) workspaceLimit() int64 {
	free, _, err := cu.MemInfo()
	if err != nil {
		return leastWorkspace
	}
	return min((free+d.pool.idle)/4, mostWorkspace)
}

// openCuDNN opens cuDNN when it is first asked for, which takes long, and reports whether it is there.
func (d *device) openCuDNN() bool {
	if d.dnnSought {
		return d.dnn != nil
	}
	d.dnnSought = true
	path, err := findCuDNN()
	if path != "" && err == nil {
		openNVRTC(d.blas.Version)
		d.dnn, err = cudnn.Open(path, d.stream)
	}
	if err != nil {
		d.notice("convolutions and attention run without cuDNN, and slower: %v", err)
	}
	if d.dnn != nil {
		d.report.CuDNN = d.dnn.Version + " " + path
		d.engines.open(d)
	}
	return d.dnn != nil
}

// byCuDNN adds a convolution that cuDNN computes, if it is here and has a way to do it, which done says. An Output may go on, with a bias at b.
func (p *planner) byCuDNN(d cudnn.Direction, op kernels.Convolved, x, y, k, b uint64) (done bool, err error) {
	c := op.Conv
	if c.PerExample || c.N == 0 || c.C == 0 || c.O == 0 || !p.device.openCuDNN() {
		return false, nil
	}
	at := [...]uint64{cudnn.Output: y, cudnn.Image: x, cudnn.Kernels: k}
	call := cudnn.Convolution{Direction: d, Conv: c, Factors: p.typeAt(at[(d+1)%3]), Result: p.typeAt(at[d]), Bias: op.Bias, ReLU: op.Activation == kernels.ReLU}
	if op.Bias {
		call.BiasType = p.typeAt(b)
	}
	e, refused := p.engineFor(call)
	if refused != nil && call.Factors == cudnn.BFloat16 && !p.device.engines.lost(refused) {
		call.Factors, call.Result = cudnn.Float, cudnn.Float // in scratch memory
		if wide, err := p.engineFor(call); err == nil {
			p.widened, e = append(p.widened, fmt.Sprintf("%v bfloat16 %s: %v", d, kernels.Describe(c), refused)), wide
			refused = nil
		}
	}
	if p.device.engines.lost(refused) {
		return false, refused
	}
	if refused != nil {
		p.refusals = append(p.refusals, fmt.Sprintf("%v %v %s: %v", d, p.storedAt(at[d]), kernels.Describe(c), refused))
		return false, nil
	}
	p.convolutions++
	if (x|y|k)%16 != 0 {
		p.copied++
	}
	p.chosen = append(p.chosen, e)
	return true, p.convolve(e, x, y, k, b)
}

// typeAt is how cuDNN calls the type that the operand at an address is stored in.
func (p *planner) typeAt(at uint64) cudnn.DataType {
	return map[kernels.DType]cudnn.DataType{kernels.Float32: cudnn.Float, kernels.Float64: cudnn.Double, kernels.BFloat16: cudnn.BFloat16}[p.storedAt(at)]
}

// convolve adds a convolution with the plan that was chosen for it, and what moves its operands to where the plan takes them.
func (p *planner) convolve(e *chosen, x, y, k, b uint64) error {
	c := e.conv.Conv
	s := staged{planner: p, chosen: e}
	var workspace uint64
	workspace, s.next = p.reserve(0, e.plan.WorkspaceBytes())
	operands := []cudnn.Operand{
		{UID: cudnn.Output.UID(), Address: s.place(cudnn.Output, y, c.N, c.O, c.OutH()*c.OutW())},
		{UID: cudnn.Image.UID(), Address: s.place(cudnn.Image, x, c.N, c.C, c.H*c.W)},
		{UID: cudnn.Kernels.UID(), Address: s.place(cudnn.Kernels, k, c.O, c.C/c.Parts(), c.KH*c.KW)},
	}
	if e.conv.Joined() && e.conv.Bias {
		operands = append(operands, cudnn.Operand{UID: cudnn.BiasUID, Address: s.placeBias(b, c.O)})
	}
	command := convolution{chosen: e}
	if !p.sizing && s.err == nil {
		command.Call, s.err = e.plan.Call(workspace, operands...)
	}
	p.commands = append(p.commands, command)
	for k := len(s.after) - 1; k >= 0 && s.err == nil; k-- {
		s.err = s.after[k]()
	}
	if s.err == nil && e.conv.Apart {
		s.err = p.follow(e.conv.Op(), y, b)
	}
	return s.err
}

// staged places operands where a plan takes them: at multiples of 16 bytes, in its layout and of its type. Others pass through scratch memory.
type staged struct {
	*planner
	chosen *chosen
	next   int64          // the scratch memory in use
	after  []func() error // bring the result to where it belongs, the last one first
	err    error
}

// place returns where the plan finds an operand [n, channels, pixels], or leaves the result.
func (s *staged) place(operand cudnn.Direction, at uint64, n, channels, pixels int) uint64 {
	conv := s.chosen.conv
	wanted, result := conv.Factors, operand == conv.Direction
	if result {
		wanted = conv.Result
	}
	size := n * channels * pixels
	move := conv.ChannelsLast && channels > 1 && pixels > 1
	if stored := s.typeAt(at); stored != wanted || !move && at%16 != 0 {
		at = s.through(at, size, wanted, result, func(to, from uint64) error { return s.copy(size, to, from) })
	}
	if move {
		rows, columns := channels, pixels
		if result {
			rows, columns = pixels, channels
		}
		turn := kernels.Permute{Rank: 3, Shape: [6]int{n, rows, columns}, Perm: [6]int{0, 2, 1}}
		at = s.through(at, size, wanted, result, func(to, from uint64) error { return s.permute(turn, to, from) })
	}
	return at
}

// placeBias is place for a bias [n].
func (s *staged) placeBias(at uint64, n int) uint64 {
	if at%16 == 0 {
		return at
	}
	return s.through(at, n, s.chosen.conv.BiasType, false, func(to, from uint64) error { return s.copy(n, to, from) })
}

// through has an operand moved by f between where it is and scratch memory, whose address it returns.
func (s *staged) through(at uint64, size int, dt cudnn.DataType, result bool, f func(to, from uint64) error) uint64 {
	if s.err != nil {
		return at
	}
	var there uint64
	there, s.next = s.reserve(s.next, int64(size)*elementBytes[dt])
	if dt == cudnn.BFloat16 {
		s.narrow[there] = true
	}
	if result {
		s.after = append(s.after, func() error { return f(at, there) })
	} else {
		s.err = f(there, at)
	}
	return there
}

var elementBytes = map[cudnn.DataType]int64{cudnn.Float: 4, cudnn.Double: 8, cudnn.BFloat16: 2}

// copy adds a copy of n elements.
func (p *planner) copy(n int, out, in uint64) error {
	p.copiedBytes += 2 * p.size() * int64(n)
	return p.fused(copyOf(n), []uint64{out}, []uint64{in})
}

// copyOf is n elements as they are.
func copyOf(n int) kernels.Map {
	return kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}
}
