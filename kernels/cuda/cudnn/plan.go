//go:build gpu

package cudnn

/*
#include "cudnn.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Plan is a graph that an engine is ready to compute. It stays when the graph is closed.
type Plan struct {
	Engine    string // its name
	Notes     string // on its numbers, in words
	handle    *Handle
	own       Graph // the plan and its operands
	plan      Descriptor
	pack      Descriptor
	workspace int64
	values    []unsafe.Pointer // of operands by value, in C's memory
}

// Plan makes an engine ready. Many that the heuristics propose are refused here.
func (e *Engine) Plan() (*Plan, error) {
	h := e.graph.handle
	p := &Plan{Engine: e.String(), Notes: e.NotesText(), handle: h, own: Graph{handle: h}}
	g := &p.own
	p.plan = g.create(planKind)
	set(g, p.plan, planHandle, handleElement, unsafe.Pointer(h.lib.handle))
	set(g, p.plan, planConfig, descriptorElement, e.config)
	g.finalize(p.plan, planKind)
	bytes := []int64{0}
	get(g, p.plan, planWorkspace, int64Element, bytes)
	p.workspace = bytes[0]
	if g.err != nil {
		err := fmt.Errorf("%s: %w", p.Engine, g.err)
		p.Close()
		return nil, err
	}
	return p, nil
}

// WorkspaceBytes is the memory that Run needs besides the operands.
func (p *Plan) WorkspaceBytes() int64 { return p.workspace }

// Operand is a tensor of the graph's with its address.
type Operand struct {
	UID     int64
	Address uint64
}

// Scalar is the address of a value for a tensor by value of type Float, which stays as long as the plan.
func (p *Plan) Scalar(x float32) uint64 {
	at := C.malloc(C.size_t(unsafe.Sizeof(x)))
	*(*float32)(at) = x
	p.values = append(p.values, at)
	return uint64(uintptr(at))
}

// Bind says where the operands are that have memory, before Run. It can be called again.
func (p *Plan) Bind(workspace uint64, operands ...Operand) error {
	g := &p.own
	uids, addresses := make([]int64, len(operands)), make([]uint64, len(operands))
	for k, o := range operands {
		uids[k], addresses[k] = o.UID, o.Address
	}
	p.pack = g.create(variantPackKind)
	set(g, p.pack, packUIDs, int64Element, uids...)
	set(g, p.pack, packPointers, pointerElement, addresses...)
	set(g, p.pack, packWorkspace, pointerElement, workspace)
	g.finalize(p.pack, variantPackKind)
	if err := g.err; err != nil {
		g.err = nil
		return fmt.Errorf("cuDNN: operands of %s: %w", p.Engine, err)
	}
	return nil
}

// Run submits the plan with its operands to the handle's stream.
func (p *Plan) Run() error {
	if s := C.drift_dnn_execute(&p.handle.lib, unsafe.Pointer(p.plan), unsafe.Pointer(p.pack)); s != 0 {
		return fmt.Errorf("cuDNN: running %s: %w; DRIFT_CUDNN=off does without cuDNN", p.Engine, p.handle.explain(status(s)))
	}
	return nil
}

// Close frees what the plan holds.
func (p *Plan) Close() {
	p.own.Close()
	for _, v := range p.values {
		C.free(v)
	}
	p.values = nil
}
