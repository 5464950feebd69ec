package objective

import (
	"slices"

	"drift/kernels"
)

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
