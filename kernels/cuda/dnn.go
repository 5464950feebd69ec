//go:build gpu

package cuda

import (
	"drift/kernels"
	"drift/kernels/cuda/cudnn"
)

// convolution is one call of cuDNN.
type convolution struct{ *cudnn.Convolution }

func (c convolution) issue(*device) error { return c.Run() }

// openCuDNN opens cuDNN when it is first asked for, which takes long, and reports whether it is there.
func (d *device) openCuDNN() bool {
	if !d.dnnSought {
		d.dnnSought = true
		if path := findCuDNN(); path != "" {
			d.dnn = cudnn.Open(path, d.stream)
		}
	}
	return d.dnn != nil
}

// byCuDNN adds a convolution that cuDNN computes, if it is here and has a way to do it, which done says.
func (p *planner) byCuDNN(d cudnn.Direction, c kernels.Conv, x, y, k uint64) (done bool, err error) {
	if c.PerExample || c.N == 0 || c.C == 0 || c.O == 0 || !p.device.openCuDNN() {
		return false, nil
	}
	plan := p.device.dnn.Plan(d, c, p.dtype, p.device.options.Precision != Full, p.device.columnBytes)
	if plan == nil {
		return false, nil
	}
	s := staged{planner: p, result: d}
	plan.Workspace, s.next = p.reserve(0, plan.WorkspaceBytes())
	plan.Output = s.place(cudnn.Output, y, c.N*c.O*c.OutH()*c.OutW())
	plan.Image = s.place(cudnn.Image, x, image(c.Window))
	plan.Kernels = s.place(cudnn.Kernels, k, c.O*c.C*c.KH*c.KW)
	p.commands = append(p.commands, convolution{plan})
	if s.err == nil && s.after != nil {
		s.err = s.after()
	}
	return true, s.err
}

// staged places operands where cuDNN takes them: at multiples of 16 bytes. Others pass through scratch memory.
type staged struct {
	*planner
	result cudnn.Direction // the operand that is written
	next   int64           // the scratch memory in use
	after  func() error    // copies the result to where it belongs
	err    error
}

func (s *staged) place(operand cudnn.Direction, at uint64, n int) uint64 {
	if at%16 == 0 || s.err != nil {
		return at
	}
	var aligned uint64
	aligned, s.next = s.reserve(s.next, s.size()*int64(n))
	if operand == s.result {
		s.after = func() error { return s.copy(n, at, aligned) }
	} else {
		s.err = s.copy(n, aligned, at)
	}
	return aligned
}

// copy adds a copy of n elements.
func (p *planner) copy(n int, out, in uint64) error {
	m := kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}
	return p.mapping(m, []uint64{out}, []uint64{in})
}
