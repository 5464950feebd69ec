//go:build gpu

package cuda

import "drift/kernels"

// rowwise runs the steps one after the other; what passes between them lies in scratch memory.
func (p *planner) rowwise(r kernels.Rowwise, out, in []uint64) error {
	values := append(append([]uint64(nil), in...), out...)
	outer, end := p.kept, int64(0)
	for _, n := range r.Local {
		var address uint64
		address, end = p.reserve(end, p.size()*int64(n))
		values = append(values, address)
	}
	p.kept += end // the sums need some of their own
	defer func() { p.kept = outer }()
	pick := func(numbers []int) (some []uint64) {
		for _, v := range numbers {
			some = append(some, values[v])
		}
		return some
	}
	for _, s := range r.Steps {
		if err := p.call(s.Op, pick(s.Out), pick(s.In)); err != nil {
			return err
		}
	}
	return nil
}
