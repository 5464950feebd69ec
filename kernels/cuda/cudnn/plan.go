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

// Plan is a graph that an engine is ready to compute, for any operands. It stays when the graph is closed.
type Plan struct {
	Engine    string // its name
	Notes     string // on its numbers, in words
	own       Graph  // the plan
	plan      Descriptor
	workspace int64
}

// Plan makes an engine ready, once. Many that the heuristics propose are refused here.
func (e *Engine) Plan() (*Plan, error) {
	h := e.graph.handle
	p := &Plan{Engine: e.String(), Notes: e.NotesText(), own: Graph{handle: h}}
	g := &p.own
	p.plan = g.create(planKind)
	set(g, p.plan, planHandle, handleElement, unsafe.Pointer(h.lib.handle))
	set(g, p.plan, planConfig, descriptorElement, e.config)
	g.finalize(p.plan, planKind)
	e.graph.hand(e.config, g)
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

// Close frees the plan, after its calls.
func (p *Plan) Close() { p.own.Close() }

// Operand is a tensor of the graph's with its address, or with the value of a tensor by value, of type Float.
type Operand struct {
	UID     int64
	Address uint64
	Value   float32 // where there is no address
}

// Call is a plan with its operands.
type Call struct {
	*Plan
	own    Graph // the operands
	pack   Descriptor
	values unsafe.Pointer // of operands by value, in C's memory
}

// Call says where the operands are that have memory.
func (p *Plan) Call(workspace uint64, operands ...Operand) (*Call, error) {
	c := &Call{Plan: p, own: Graph{handle: p.own.handle}, values: C.malloc(C.size_t(4*len(operands) + 4))}
	uids, addresses := make([]int64, len(operands)), make([]uint64, len(operands))
	values := unsafe.Slice((*float32)(c.values), len(operands))
	for k, o := range operands {
		uids[k], addresses[k] = o.UID, o.Address
		if o.Address == 0 {
			values[k], addresses[k] = o.Value, uint64(uintptr(unsafe.Pointer(&values[k])))
		}
	}
	g := &c.own
	c.pack = g.create(variantPackKind)
	set(g, c.pack, packUIDs, int64Element, uids...)
	set(g, c.pack, packPointers, pointerElement, addresses...)
	set(g, c.pack, packWorkspace, pointerElement, workspace)
	g.finalize(c.pack, variantPackKind)
	if g.err != nil {
		err := fmt.Errorf("cuDNN: operands of %s: %w", p.Engine, g.err)
		c.Close()
		return nil, err
	}
	return c, nil
}

// Run submits the plan with its operands to the handle's stream.
func (c *Call) Run() error {
	h := c.own.handle
	if s := C.drift_dnn_execute(&h.lib, unsafe.Pointer(c.plan), unsafe.Pointer(c.pack)); s != 0 {
		return fmt.Errorf("cuDNN: running %s: %w; DRIFT_CUDNN=off does without cuDNN", c.Engine, h.explain(status(s)))
	}
	return nil
}

// Close frees the operands; the plan stays.
func (c *Call) Close() {
	c.own.Close()
	C.free(c.values)
	c.values = nil
}
