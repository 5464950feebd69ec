package objective

import (
	"slices"

	"drift/kernels"
)

// WorkBytes is the memory that the programs run so far hold besides data, parameters and vectors: their common arena and the
// device's scratch memory.
func (f *Objective) WorkBytes() int64 {
	var bytes int64
	if f.arena != nil {
		bytes = int64(f.arena.Len()) * int64(f.dtype.Size())
	}
	for _, c := range f.programs {
		bytes += c.program.Bytes() - c.program.Plan().Bytes()
	}
	return bytes
}

// Chunk is the most examples that are worked on at once.
func (f *Objective) Chunk() int { return f.chunk }

// Release frees a buffer that passes were given among their vectors, and forgets the programs made for it.
func (f *Objective) Release(b kernels.Buffer) {
	if b == nil {
		return
	}
	for k, c := range f.programs {
		if slices.Contains(k.vectors[:], b) {
			c.program.Close()
			delete(f.programs, k)
		}
	}
	b.Free()
}
