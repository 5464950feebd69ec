package objective

import (
	"fmt"

	"drift/kernels"
)

// Residence says in a line where the examples lie, in which type, and how they come to the device if they do not lie there.
func (f *Objective) Residence() string {
	types, seen := "", map[kernels.DType]bool{}
	for _, in := range f.Model.Inputs() {
		if dt := f.inputType(in); !seen[dt] {
			if types != "" {
				types += " and "
			}
			seen[dt] = true
			types += dt.String()
		}
	}
	mb := func(examples int) string {
		return fmt.Sprintf("%.3g MB", float64(f.exampleBytes())*float64(examples)/1e6)
	}
	where := fmt.Sprintf("the %d examples lie on %s as %s, %s", f.total(), f.device.Name(), types, mb(f.total()))
	switch {
	case f.staging != nil && len(f.staging.slots) > 1:
		where = fmt.Sprintf("examples come to %s as %s in chunks of up to %d, copied beside the computation to two buffers of %s",
			f.device.Name(), types, f.chunk, mb(f.chunk))
	case f.staging != nil:
		where = fmt.Sprintf("examples come to %s as %s in chunks of up to %d, copied between computations to a buffer of %s",
			f.device.Name(), types, f.chunk, mb(f.chunk))
	}
	if f.packed != nil && f.packed.moves != nil {
		where += "; the device augments them"
	} else if f.images != nil {
		where += "; the host augments them"
	}
	return where
}

// Apart reports a device with a memory of its own, to which examples are copied.
func (f *Objective) Apart() bool {
	_, own := f.device.(gpu)
	return own
}
