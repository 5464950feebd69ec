//go:build gpu

package cuda

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"unsafe"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/driver"
	"drift/kernels/cuda/emit"
)

// vectorBytes is what an instruction loads or stores at once.
const vectorBytes = 16

// written are the modules of programs that PTX was written for, by the hash of their text: a program that comes again is not compiled again.
type written map[[sha256.Size]byte]cu.Module

func (w written) get(text string) (cu.Module, error) {
	key := sha256.Sum256([]byte(text))
	if m, ok := w[key]; ok {
		return m, nil
	}
	m, err := load(text)
	if err == nil {
		w[key] = m
	}
	return m, err
}

func (w written) close() {
	for _, m := range w {
		m.Unload()
	}
}

// fused plans a Map, a Reduce or a Rowwise: the kernels that are written for it.
func (p *planner) fused(op kernels.Primitive, out, in []uint64) error {
	if err := fits(op); err != nil {
		return err
	}
	if sizes, _, _ := op.Operands(); len(sizes) == 0 || sizes[0] == 0 {
		return nil
	}
	program := emit.Write(op, p.dtype, emit.Operands{Out: p.operands(out), In: p.operands(in)})
	addresses := append(append([]uint64(nil), out...), in...)
	end := int64(0)
	for _, bytes := range program.Scratch {
		var address uint64
		address, end = p.reserve(end, int64(bytes))
		addresses = append(addresses, address)
	}
	module, err := p.device.written.get(program.Text)
	if err != nil {
		return err
	}
	for _, k := range program.Kernels {
		function, err := module.Function(k.Name)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", k.Name, err)
		}
		grid := driver.Grid{X: k.X, Y: k.Y, Z: 1, Threads: k.Threads}
		p.commands = append(p.commands, &launch{k.Name, function, grid, unsafe.Pointer(&addresses[0])})
	}
	return nil
}

// columnwise is one step behind another. Plans for GPUs have none (kernels.Blocking).
func (p *planner) columnwise(at int, op kernels.Columnwise, out, in []uint64) error {
	values := slices.Concat(in, out)
	of := func(numbers []int) (list []uint64) {
		for _, v := range numbers {
			list = append(list, values[v])
		}
		return list
	}
	for _, s := range op.Steps {
		if err := p.call(at, s.Op, of(s.Out), of(s.In)); err != nil {
			return err
		}
	}
	return nil
}

// fits reports a program with more indices than a kernel counts.
func fits(op kernels.Primitive) error {
	if r, ok := op.(kernels.Rowwise); ok {
		for _, s := range r.Steps {
			if err := fits(s.Op); err != nil {
				return err
			}
		}
		return nil
	}
	if m, _ := kernels.ChainOf(op); m.N > maxElements {
		return fmt.Errorf("%d indices, at most %d fit a kernel: use a smaller batch or chunk", m.N, maxElements)
	}
	return nil
}

// operands are how a program finds what lies at some addresses.
func (p *planner) operands(addresses []uint64) []emit.Operand {
	list := make([]emit.Operand, len(addresses))
	for k, a := range addresses {
		list[k] = emit.Operand{Aligned: a%vectorBytes == 0, Narrow: p.narrow[a]}
	}
	return list
}
