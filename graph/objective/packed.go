package objective

import (
	"fmt"
	"math"
	"slices"

	"drift/data"
	"drift/graph"
	"drift/kernels"
)

// packed is what the bytes of the examples stand for, where the device holds examples as bytes: images take a quarter of the memory of float32
// then, and augmentation is one more index.
type packed struct {
	levels kernels.Buffer // [groups,256], of the type of the model's input
	groups int

	// Where images are augmented:
	moves   kernels.Buffer // [chunk], nil without
	drawn   []int32        // what is written to it
	shown   []int32        // what it holds, as far as it is known
	changes *data.Changes  // of the seed
	seed    uint64
}

// packs finds out whether the device shall hold the examples as bytes: those that are stored so, all alike, where it has a memory of its own or
// where images are augmented. Looking up what a byte stands for takes longer than a copy of numbers, and much less than to work that out.
func (f *Objective) packs() bool {
	inputs := f.Model.Inputs()
	if _, own := f.device.(gpu); len(inputs) != 1 || !own && !f.augments() {
		return false
	}
	var first *data.Set
	for i := range f.parts {
		set := &f.parts[i]
		if set.Len() == 0 {
			continue
		}
		if !set.StoresBytes() || first != nil && !data.SameLevels(*first, *set) {
			return false
		}
		if first == nil {
			first = set
		}
	}
	if first == nil {
		return false
	}
	if f.augments() {
		image := f.parts[Train].Shape
		return len(image) == 3 && max(image[1], image[2]) <= kernels.MostMoved && inputs[0].Index == 0 && slices.Equal(inputs[0].Shape, image)
	}
	return true
}

// pack reserves what bytes stand for. Where that is no number of the type, examples lie on the device as numbers, or are refused as such.
func (f *Objective) pack() error {
	if !f.packs() {
		return nil
	}
	in := f.Model.Inputs()[0]
	p := new(packed)
	var levels any
	switch in.DType(f.dtype) {
	case kernels.Int32:
		list := make([]int32, 256)
		for i := range list {
			list[i] = int32(i)
		}
		levels, p.groups = list, 1
	case kernels.Float64:
		levels, p.groups = levelsOf[float64](f)
	default:
		levels, p.groups = levelsOf[float32](f)
	}
	if levels == nil {
		return nil
	}
	var err error
	if p.levels, err = f.device.NewBuffer(in.DType(f.dtype), 256*p.groups); err == nil {
		err = p.levels.Write(levels)
	}
	f.packed = p
	return err
}

// levelsOf is nil where a byte stands for a number that the type does not have.
func levelsOf[T kernels.Float](f *Objective) (any, int) {
	for _, set := range f.parts {
		if set.Len() == 0 {
			continue
		}
		levels, groups := data.Levels[T](set, f.augments())
		for _, v := range levels {
			if math.IsInf(float64(v), 0) || math.IsNaN(float64(v)) {
				return nil, 0
			}
		}
		if f.augments() && groups != set.Shape[0] {
			return nil, 0
		}
		return levels, groups
	}
	return nil, 0
}

// inputType is the type in which the device holds an input.
func (f *Objective) inputType(in Input) kernels.DType {
	if f.packed != nil {
		return kernels.Uint8
	}
	return in.DType(f.dtype)
}

// checkBytes refuses bytes that are no tokens of the model.
func checkBytes(in Input, bytes []byte) error {
	if in.Index == 0 || in.Index > math.MaxUint8 {
		return nil
	}
	for _, b := range bytes {
		if int(b) >= in.Index {
			return fmt.Errorf("holds %d, the model takes whole numbers from 0 to %d", b, in.Index-1)
		}
	}
	return nil
}

// copyBytes copies the stored bytes of a part of the data to the device, behind the first examples.
func (f *Objective) copyBytes(set data.Set, first int) error {
	size, bytes, in := set.Size(), set.Bytes(), f.Model.Inputs()[0]
	for i := range set.Len() {
		if err := checkBytes(in, bytes[i*size:(i+1)*size]); err != nil {
			return fmt.Errorf("example %d of %s %w", i, set.Name, err)
		}
	}
	return f.inputs[0].Slice(first*size, (first+set.Len())*size).Write(bytes[:set.Len()*size])
}

// augmented prepares moves of the images of a chunk.
func (p *packed) augmented(f *Objective) (err error) {
	p.drawn, p.shown = make([]int32, f.chunk), make([]int32, 0, f.chunk)
	p.moves, err = f.device.NewBuffer(kernels.Int32, f.chunk)
	return err
}

// unpacked is the inputs of a batch: those of the rows of what the device holds, as training sees them or as they are.
func (b *Batch) unpacked(all *graph.Node, rows *graph.Node) *graph.Node {
	p := b.objective.packed
	if p.moves != nil && b.objective.training {
		b.moves = b.Unbound(kernels.Int32, "moves", b.N)
	}
	return graph.Unpack(b.Leaf(p.levels, p.groups, 256), all, rows, b.moves)
}

// move writes how the images of examples move in an epoch. Those that are not for training stay as they are.
func (c *program) move(examples []int) error {
	f, p := c.objective, c.objective.packed
	if p.changes == nil || p.seed != f.seed {
		p.seed, p.changes = f.seed, data.NewChanges(f.parts[Train], f.seed)
	}
	for i, k := range examples {
		p.drawn[i] = 0
		if k < f.parts[Train].Len() {
			p.drawn[i] = kernels.Move(p.changes.At(f.epoch, k))
		}
	}
	n := len(examples)
	if c.plan.Lasting() > 0 && len(p.shown) >= n && slices.Equal(p.shown[:n], p.drawn[:n]) {
		return nil
	}
	p.shown = p.shown[:0]
	if err := c.moves.Write(c.drawn); err != nil {
		return err
	}
	p.shown = append(p.shown, p.drawn[:n]...)
	return nil
}

func (p *packed) close() {
	if p != nil {
		Free(p.levels, p.moves)
	}
}
