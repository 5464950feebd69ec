// Package objective puts a model and a data set on a device: the mean loss over any of the examples as a function of the
// flat parameters θ [P], with its gradient, Hessian products and the statistics of its per-example gradients.
//
// Data stay on the device, as bytes where they are stored so, and a step uploads the indices of its examples only; those that have no room there, or
// lie on disk, come a chunk at a time, with the same results. More examples than a chunk are worked through
// chunk by chunk in sums that are exact for every quantity here. Programs are compiled once for each batch size.
package objective

import (
	"context"
	"fmt"
	"strings"

	"drift/data"
	"drift/kernels"
	"drift/kernels/group"
)

// Part is a part of the data.
type Part int

const (
	Train Part = iota
	Test
	Valid // for choices made along the way; nothing trains on it or tests with it
)

// Options of New.
type Options struct {
	DType kernels.DType
	Seed  uint64 // of the first parameters, which the model's own distributions draw
	Chunk int    // most examples at once; 0 means a number that suits the network, up to 1,024, and 8,192 on a GPU
	// Resident is the most bytes of examples that all lie on the device. More of them, and those that stay on disk, come there a chunk
	// at a time, with the same results. 0 means half of what is free on the device.
	Resident int64
	// Parts is the number, a power of two, of parts that the examples of a pass are cut into; 0 is 1. Each part is added up by itself, and the
	// parts in a fixed tree, so that sums have the same bits for any number of processes up to it.
	Parts int
	Group *group.Group // the processes that share the parts; nil for one alone
	// Recompute says when activations are computed again rather than kept.
	Recompute Recompute
}

// Objective is the mean loss of a model over examples of a data set.
type Objective struct {
	Model Model

	*onDevice
	training  bool        // random parts of the model and its data are on
	undivided bool        // each process does all of a pass, in one part
	here      *Evaluation // at θ; nil before its first use
}

// onDevice is what an objective and its training view share.
type onDevice struct {
	size      int // P, the length of θ
	accuracy  accuracy
	random    bool // the model or its data have random parts
	device    kernels.Device
	dtype     kernels.DType
	chunk     int
	recompute Recompute
	division  division
	theta     kernels.Buffer
	buffers   kernels.Buffer // of the model, nil without any
	parts     [3]data.Set
	inputs    []kernels.Buffer   // of the model, each with the examples of all parts one behind the other
	targets   kernels.Buffer     // likewise
	index     kernels.Buffer     // [chunk] examples of the current chunk
	place     kernels.Buffer     // [chunk] their places in the pass
	masks     *Key               // of random parts; nil without any
	packed    *packed            // what examples are that the device holds as bytes; nil where it holds them as numbers
	images    *images            // that training sees in the place of examples; nil without augmentation, or where they are packed
	seed      uint64             // of augmentation
	epoch     int                // likewise
	chosen    []int32            // [chunk] what is written to them
	shown     []int32            // what index holds, as far as it is known: a program of which results last is not told the same again
	arena     kernels.Buffer     // memory of programs, which run one at a time
	programs  map[*program]bool  // those on the device
	passes    map[*Pass]bool     // those that are not closed
	done      func() error       // not nil once passes shall end
	capacity  int                // examples that inputs and targets have room for: all, or a chunk
	staging   *staging           // of the examples of a chunk; nil where all lie on the device
	progress  func(done, of int) // is told how far passes are; nil for nothing
}

// New copies the data to the device and draws the first parameters from the seed; Parameters takes others.
func New(dev kernels.Device, model Model, split *data.Split, o Options) (*Objective, error) {
	if o.Chunk < 0 {
		return nil, fmt.Errorf("objective: a chunk of %d examples: at least 1, or 0 for a number that suits the network", o.Chunk)
	}
	found, err := check(model, o.DType)
	if err != nil {
		return nil, fmt.Errorf("objective: %w", err)
	}
	if err := Fits(dev, model, o.DType); err != nil {
		return nil, err
	}
	divided, err := newDivision(o)
	if err != nil {
		return nil, fmt.Errorf("objective: %w", err)
	}
	f := &Objective{Model: model, onDevice: &onDevice{size: NumParams(model.Params()), accuracy: found.accuracy, random: found.random || split.Train.Augment != (data.Augmentation{}),
		device: dev, dtype: o.DType, chunk: o.Chunk, recompute: o.Recompute, division: divided, programs: make(map[*program]bool), passes: make(map[*Pass]bool),
		parts: [...]data.Set{split.Train, split.Test, split.Valid}}}
	f.SetContext(context.Background())
	if err = f.fill(o.Resident); err == nil {
		err = f.SetValues(Draw(model, o.Seed))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// fill reserves the parameters and what passes over the data need, and copies the data.
func (f *Objective) fill(resident int64) (err error) {
	reserve := func(to *kernels.Buffer, dt kernels.DType, n int) {
		if err == nil {
			if *to, err = f.device.NewBuffer(dt, n); err != nil {
				err = fmt.Errorf("objective: parameters of the model: %w", err)
			}
		}
	}
	reserve(&f.theta, f.dtype, f.size)
	if own := buffersOf(f.Model); len(own) > 0 {
		reserve(&f.buffers, f.dtype, NumParams(own))
	}
	if err == nil && f.random {
		f.masks, err = newKey(f.device, masks)
	}
	if err == nil {
		err = f.pack()
	}
	if err == nil {
		err = f.upload(resident)
	}
	if err == nil && f.chunk == 0 {
		f.chunk, err = f.defaultChunk()
	}
	reserve(&f.index, kernels.Int32, f.chunk)
	reserve(&f.place, kernels.Int32, f.chunk)
	f.chosen, f.shown = make([]int32, f.chunk), make([]int32, 0, f.chunk)
	if err == nil && f.augments() {
		if f.packed != nil {
			err = f.packed.augmented(f)
		} else {
			f.images, err = f.newImages()
		}
	}
	return err
}

// Fits refuses a model for which a device has no memory: for θ, a gradient and one vector more, and, where the device's memory is
// the host's, for θ in float64 while it is drawn or read.
func Fits(dev kernels.Device, model Model, dtype kernels.DType) error {
	each := 3 * dtype.Size()
	if dev.Name() == "cpu" {
		each += kernels.Float64.Size()
	}
	size := NumParams(model.Params())
	if need, free := int64(size)*int64(each), dev.FreeBytes(); need > free {
		return fmt.Errorf("placing the model on %s: its %d parameters take at least %.3g GB, %.3g GB are free: make its layers narrower",
			dev.Name(), size, float64(need)/1e9, float64(free)/1e9)
	}
	return nil
}

// takes checks that the model's inputs and target are what a set holds.
func (f *Objective) takes(set data.Set) error {
	inputs, target := f.Model.Inputs(), f.Model.Target()
	size, shapes := 0, make([]string, len(inputs))
	for i, in := range inputs {
		size, shapes[i] = size+in.Size(), fmt.Sprint(in.Shape)
	}
	if size != set.Size() {
		return fmt.Errorf("examples of %s have shape %v, the model takes %s", set.Name, set.Shape, strings.Join(shapes, " and "))
	}
	switch {
	case target.Index > 0 && set.Classes == 0:
		return fmt.Errorf("the model's loss takes classes, %s holds numbers as targets", set.Name)
	case target.Index == 0 && set.Classes > 0:
		return fmt.Errorf("the model's loss takes numbers as targets, %s holds classes", set.Name)
	case set.Classes > target.Index:
		return fmt.Errorf("%s has %d classes, the model has %d outputs", set.Name, set.Classes, target.Index)
	case set.Classes > 0 && set.Targets() > 1 && target.Size() == 1:
		return fmt.Errorf("%s has a class at each of %d positions, the model scores one class for an example: take one that scores every position, such as gpt:4,4,128",
			set.Name, set.Targets())
	case set.Targets() != target.Size():
		return fmt.Errorf("%s has %d targets, the model takes %d", set.Name, set.Targets(), target.Size())
	}
	return nil
}

func product(shape []int) int {
	p := 1
	for _, s := range shape {
		p *= s
	}
	return p
}

// SetContext makes a pass end with the context's error at the next chunk once the context is done, in all processes. Without it passes go
// on to their end.
func (f *Objective) SetContext(ctx context.Context) { f.done = ctx.Err }

// SetProgress makes passes tell, after every chunk, how many of their examples are done.
func (f *Objective) SetProgress(progress func(done, of int)) { f.progress = progress }

// Device is where everything lives.
func (f *Objective) Device() kernels.Device { return f.device }

// DType is the element type of all vectors.
func (f *Objective) DType() kernels.DType { return f.dtype }

// Examples is the number of examples in a part of the data.
func (f *Objective) Examples(part Part) int { return f.parts[part].Len() }

// total is the number of examples of all parts.
func (f *Objective) total() int { return f.first(Part(len(f.parts))) }

// first is the index of a part's first example.
func (f *Objective) first(part Part) (index int) {
	for _, set := range f.parts[:part] {
		index += set.Len()
	}
	return index
}

// Data is a part of the data as it was given to New.
func (f *Objective) Data(part Part) data.Set { return f.parts[part] }

// Parameters is θ [P] on the device: what is written there is where everything is evaluated next.
func (f *Objective) Parameters() kernels.Buffer { return f.theta }

// NumParams is P, the length of θ.
func (f *Objective) NumParams() int { return f.size }

// Initial is θ as the model's initial distributions draw it from a seed.
func (f *Objective) Initial(seed uint64) []float64 { return Initial(f.Model.Params(), seed) }

// Products is the number of multiplications by parameters in a forward pass of one example: as a model with a method of
// this name counts them, else P.
func (f *Objective) Products() int {
	if m, ok := f.Model.(interface{ Products() int }); ok {
		return m.Products()
	}
	return f.size
}

// Scored reports whether there is an accuracy beside the loss.
func (f *Objective) Scored() bool { return f.accuracy != none }

// NewVector is a vector of P zeros on the device.
func (f *Objective) NewVector() (kernels.Buffer, error) {
	return f.device.NewBuffer(f.dtype, f.size)
}

// Close frees what the objective and its passes hold on the device.
func (f *Objective) Close() {
	for p := range f.passes {
		p.Close()
	}
	f.masks.Close()
	f.images.close()
	f.packed.close()
	f.staging.close()
	Free(f.theta, f.buffers, f.index, f.place, f.arena)
	f.freeData()
}

// All is the indices of all examples of a part. The parts have one numbering: those for training are 0 … n−1, those of the test
// part and then of the validation part follow.
func (f *Objective) All(part Part) []int {
	from := f.first(part)
	all := make([]int, f.Examples(part))
	for i := range all {
		all[i] = from + i
	}
	return all
}
