package train

import (
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// kept is a copy of the parameters on the device, as they were when they were last taken.
type kept struct {
	vector  kernels.Buffer // [P]
	program *graph.Program // vector ← θ
}

func newKept(f *objective.Objective) (*kept, error) {
	k := &kept{}
	var err error
	if k.vector, err = f.NewVector(); err != nil {
		return nil, err
	}
	n := f.NumParams()
	k.program, err = f.NewProgram(func(b *objective.Builder) { b.Set(b.Leaf(k.vector, n), b.Leaf(f.Parameters(), n)) })
	if err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

func (k *kept) take() error { return k.program.Run() }

func (k *kept) close() {
	if k == nil {
		return
	}
	if k.program != nil {
		k.program.Close()
	}
	objective.Free(k.vector)
}
