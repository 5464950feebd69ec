//go:build gpu

package cuda

import (
	"fmt"

	"drift/kernels"
	"drift/kernels/cuda/cudnn"
)

// fusedAttention is a call of cuDNN's attention. Where scratch memory is only counted, it has no operands.
type fusedAttention struct {
	*cudnn.Call
	engine string
}

func (f fusedAttention) issue(*device) error { return f.Run() }

func (f fusedAttention) kernel() string { return "cudnn attention " + f.engine }

func (f fusedAttention) Close() {
	if f.Call != nil {
		f.Call.Close()
	}
}

// attending is an attention, or its gradient, within a workspace.
type attending struct {
	op       kernels.Attention
	gradient bool
	limit    int64
}

// attentionPlan is cuDNN's plan for one, or why there is none.
type attentionPlan struct {
	plan    *cudnn.Plan
	refused error
}

// attentions are those that were planned so far. Within a device's life one always has the same plan, unless memory gets scarce.
type attentions map[attending]attentionPlan

func (a attentions) close() {
	for _, p := range a {
		if p.plan != nil {
			p.plan.Close()
		}
	}
}

// attentionByCuDNN adds an attention, or its gradient, that cuDNN computes, if all its operands are stored as bfloat16 and cuDNN is here and has a way
// to do it. What it refuses is counted.
func (p *planner) attentionByCuDNN(a attentionArgs, op kernels.Attention, gradient bool) (done bool) {
	narrow := uint32(0xf) // q, k, v and o
	if gradient {
		narrow = 0xff
	}
	if p.dtype != kernels.Float32 || p.narrowBits(a) != narrow || !p.device.openCuDNN() {
		return false
	}
	err := p.planAttention(a, op, gradient)
	if err == nil {
		p.attentions++
		return true
	}
	what := kernels.Primitive(op)
	if gradient {
		what = kernels.AttentionGradient(op)
	}
	p.attentionRefusals = append(p.attentionRefusals, fmt.Sprintf("%s %s: %v", what.Name(), kernels.Describe(what), err))
	return false
}

func (p *planner) planAttention(a attentionArgs, op kernels.Attention, gradient bool) error {
	if err := p.device.dnn.Attends(); err != nil {
		return err
	}
	if op.Width%8 != 0 || op.Values%8 != 0 {
		return fmt.Errorf("heads are %d and %d wide: multiples of 8 are wanted", op.Width, op.Values)
	}
	q, k, v := partsOf(op, a.Q, a.K, a.V)
	operands := []cudnn.Operand{{UID: cudnn.QueriesUID, Address: q}, {UID: cudnn.KeysUID, Address: k}, {UID: cudnn.ValuesUID, Address: v},
		{UID: cudnn.ResultUID, Address: a.O}, {UID: cudnn.LogSumsUID, Address: a.L}}
	if gradient {
		dq, dk, dv := partsOf(op, a.DQ, a.DK, a.DV)
		operands = append(operands, cudnn.Operand{UID: cudnn.GradientUID, Address: a.G}, cudnn.Operand{UID: cudnn.QueriesGradientUID, Address: dq},
			cudnn.Operand{UID: cudnn.KeysGradientUID, Address: dk}, cudnn.Operand{UID: cudnn.ValuesGradientUID, Address: dv})
	}
	for _, o := range operands {
		if o.Address%vectorBytes != 0 {
			return fmt.Errorf("an operand begins %d bytes behind a multiple of %d", o.Address%vectorBytes, vectorBytes)
		}
	}
	found := p.attentionPlan(op, gradient)
	if found.refused != nil {
		return found.refused
	}
	workspace, next := p.reserve(0, found.plan.WorkspaceBytes())
	if gradient {
		dots, _ := p.reserve(next, p.size()*int64(op.Batch*op.Heads*op.Queries))
		operands = append(operands, cudnn.Operand{UID: cudnn.DotsUID, Address: dots})
	}
	command := fusedAttention{engine: found.plan.Engine}
	if !p.sizing {
		var err error
		if command.Call, err = found.plan.Call(workspace, append(operands, p.device.dnn.AttentionValues(op, gradient)...)...); err != nil {
			return err
		}
	}
	p.commands = append(p.commands, command)
	return nil
}

// partsOf are the addresses of queries, keys and values, which follow each other in rows where they are packed.
func partsOf(op kernels.Attention, q, k, v uint64) (uint64, uint64, uint64) {
	if !op.Packed {
		return q, k, v
	}
	bytes := uint64(op.Heads * op.Width * kernels.BFloat16.Size())
	return q, q + bytes, q + 2*bytes
}

// attentionPlan is that for an attention within the workspace that there is.
func (p *planner) attentionPlan(op kernels.Attention, gradient bool) attentionPlan {
	d := p.device
	key := attending{op, gradient, p.workspace}
	for _, limit := range []int64{0, p.workspace} {
		if known, ok := d.attentions[attending{op, gradient, limit}]; ok && (known.refused != nil || known.plan.WorkspaceBytes() <= p.workspace) {
			return known
		}
	}
	found := attentionPlan{}
	found.plan, found.refused = p.chooseAttention(op, gradient)
	if found.refused == nil {
		key.limit = 0 // for all that have room for it
	}
	if d.attentions == nil {
		d.attentions = make(attentions)
	}
	d.attentions[key] = found
	return found
}

// chooseAttention takes the first of the engines that the heuristics propose, if it adds up in one order (save where
// DRIFT_CUDNN_ENGINES asks for any) and not in 16 bits, and has room.
func (p *planner) chooseAttention(op kernels.Attention, gradient bool) (*cudnn.Plan, error) {
	d := p.device
	describe := d.dnn.Attention
	if gradient {
		describe = d.dnn.AttentionGradient
	}
	g, err := describe(op)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	const proposals = 16
	engines, err := g.Engines(proposals)
	if err != nil {
		return nil, err
	}
	var first error
	refuse := func(why error) {
		if first == nil {
			first = why
		}
	}
	for _, e := range engines {
		if e.Has(cudnn.ReducedPrecision, cudnn.DownConvertInputs) || d.engines.how != loose && e.Has(cudnn.Nondeterministic) {
			refuse(fmt.Errorf("%v: %s", e, e.NotesText()))
			continue
		}
		plan, err := e.Plan()
		if err == nil && plan.WorkspaceBytes() > p.workspace {
			err = fmt.Errorf("%v: the workspace is %d MiB, and %d MiB are allowed", e, plan.WorkspaceBytes()>>20, p.workspace>>20)
			plan.Close()
		}
		if err == nil {
			return plan, nil
		}
		refuse(err)
	}
	return nil, fmt.Errorf("none of its %d engines is allowed and works here: %w", len(engines), first)
}
