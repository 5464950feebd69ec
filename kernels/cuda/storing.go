//go:build gpu

package cuda

import "drift/kernels"

var _ kernels.Storing = (*device)(nil)

// Storage is the type of values between calls.
func (d *device) Storage() kernels.DType {
	if d.options.Precision == BF16 {
		return kernels.BFloat16
	}
	return kernels.Float32
}

// storedAt is the type that the operand at an address is stored in, and bytesAt the size of an element.
func (p *planner) storedAt(address uint64) kernels.DType {
	if p.narrow[address] {
		return kernels.BFloat16
	}
	return p.dtype
}

func (p *planner) bytesAt(address uint64) uint64 { return uint64(p.storedAt(address).Size()) }

// storeAs has what lies at an address of scratch memory, or within an operand, stored as another operand is.
func (p *planner) storeAs(address, other uint64) {
	if p.narrow[other] {
		p.narrow[address] = true
	}
}

// behind is the address of what lies n elements behind the beginning of an operand.
func (p *planner) behind(operand uint64, n int) uint64 {
	at := operand + uint64(n)*p.bytesAt(operand)
	p.storeAs(at, operand)
	return at
}
