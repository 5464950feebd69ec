package objective

// WorkBytes is the memory that the programs run so far hold besides data, parameters and vectors: their common arena and the
// device's scratch memory.
func (f *Objective) WorkBytes() int64 {
	var bytes int64
	if f.arena != nil {
		bytes = int64(f.arena.Len()) * int64(f.dtype.Size())
	}
	for c := range f.programs {
		bytes += c.loaded.Bytes() - c.plan.Bytes()
	}
	return bytes
}

// GradientBytes is the memory that the gradient over n examples at once would work in, besides data, parameters and what it writes.
func (f *Objective) GradientBytes(n int) (int64, error) {
	plan, err := f.Training().plan(n, meanGradient(f.theta))
	if err != nil {
		return 0, err
	}
	return plan.Bytes(), nil
}

// Chunk is the most examples that are worked on at once.
func (f *Objective) Chunk() int { return f.chunk }
