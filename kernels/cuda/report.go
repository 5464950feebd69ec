//go:build gpu

package cuda

import (
	"fmt"
	"slices"

	"drift/kernels"
	"drift/kernels/cuda/driver"
)

// Report is what the device found out so far.
func (d *device) Report() Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.report
	r.Notices = append([]string{}, r.Notices...)
	r.Engines = append([]EngineChoice{}, r.Engines...)
	return r
}

// notice keeps a line for the report and tells it, once. It is called in the device's turn.
func (d *device) notice(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if slices.Contains(d.report.Notices, line) {
		return
	}
	d.report.Notices = append(d.report.Notices, line)
	if d.options.Notice != nil {
		d.options.Notice(d.name + ": " + line)
	}
}

// planned counts what cuDNN takes and refuses.
func (d *device) planned(p *planner) {
	d.report.Convolutions += p.convolutions
	d.report.Copied += p.copied
	d.report.CopiedBytes += p.copiedBytes
	d.report.Unaligned += p.unaligned
	d.report.Refused += len(p.refusals)
	d.report.Epilogues += p.joins
	d.report.EpiloguesRefused += len(p.ltRefusals)
	for _, why := range p.ltRefusals {
		d.notice("cublasLt refuses %s; what follows the product is a kernel of its own, more slowly", why)
	}
	for _, why := range p.widened {
		d.notice("cuDNN refuses %s; it is computed in float32, with copies of its operands", why)
	}
	d.report.Widened += len(p.widened)
	for _, e := range p.chosen {
		d.report.choose(e)
	}
	if p.copied > 0 {
		d.notice("operands of convolutions are copied for cuDNN, which takes addresses that are multiples of 16: parameters lie so behind " +
			"layers whose numbers of weights are multiples of 4")
	}
	d.report.Attentions += p.attentions
	d.report.AttentionsRefused += len(p.attentionRefusals)
	for _, why := range p.attentionRefusals {
		d.notice("cuDNN refuses %s; it is computed by kernels that use no tensor cores, more slowly", why)
	}
	for _, why := range p.refusals {
		d.notice("cuDNN refuses %s; it is computed as a product of unrolled windows, more slowly", why)
	}
}

// choose adds an engine that a convolution is computed by, or counts it.
func (r *Report) choose(e *chosen) {
	what := fmt.Sprintf("%v %v %s", e.conv.Direction, e.types(), kernels.Describe(e.conv.Op()))
	for k := range r.Engines {
		if r.Engines[k].Convolution == what && r.Engines[k].Engine == e.how() {
			r.Engines[k].Count++
			return
		}
	}
	r.Engines = append(r.Engines, EngineChoice{what, e.how(), e.plan.Notes, e.origin, e.Microseconds, e.Workspace, 1})
}

// captured counts whether a program could be recorded.
func (d *device) captured(commands int, err error) {
	if err == nil {
		d.report.Graphs++
		return
	}
	d.report.Eager++
	d.notice("a program of %d kernels cannot be recorded as a CUDA graph: %v; they are launched one by one, more slowly", commands, driver.Explain(err))
}
