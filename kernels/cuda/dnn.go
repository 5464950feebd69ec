//go:build gpu

package cuda

import (
	"fmt"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/cudnn"
)

// convolution is one call of cuDNN.
type convolution struct{ *cudnn.Convolution }

func (c convolution) issue(*device) error { return c.Run() }

func (c convolution) kernel() string { return fmt.Sprint("cudnn algorithm ", c.Algorithm()) }

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
		d.notice("convolutions run without cuDNN, and slower: %v", err)
	}
	if d.dnn != nil {
		d.report.CuDNN = d.dnn.Version + " " + path
	}
	return d.dnn != nil
}

// byCuDNN adds a convolution that cuDNN computes, if it is here and has a way to do it, which done says.
func (p *planner) byCuDNN(d cudnn.Direction, c kernels.Conv, x, y, k uint64) (done bool, err error) {
	if c.PerExample || c.N == 0 || c.C == 0 || c.O == 0 || p.narrow[x] || p.narrow[y] || !p.device.openCuDNN() {
		return false, nil
	}
	plan, refused := p.device.dnn.Plan(d, c, p.dtype, p.device.options.Precision != Full, p.workspace)
	if refused != nil {
		p.refusals = append(p.refusals, fmt.Sprintf("%s %v %s: %v", []string{"conv", "convinput", "convweight"}[d], p.dtype, kernels.Describe(c), refused))
		return false, nil
	}
	p.convolutions++
	if (x|y|k)%16 != 0 {
		p.copied++
	}
	s := staged{planner: p, result: d}
	plan.Workspace, s.next = p.reserve(0, plan.WorkspaceBytes())
	plan.Output = s.place(cudnn.Output, y, c.N*c.O*c.OutH()*c.OutW())
	plan.Image = s.place(cudnn.Image, x, image(c.Window))
	plan.Kernels = s.place(cudnn.Kernels, k, taps(c))
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
	p.copiedBytes += 2 * p.size() * int64(n)
	return p.fused(copyOf(n), []uint64{out}, []uint64{in})
}

// copyOf is n elements as they are.
func copyOf(n int) kernels.Map {
	return kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}
}
