package objective

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"drift/kernels/group"
)

// division is how passes are cut: the examples of a pass fall into parts of about equal size, each process does some of them that lie side
// by side, and sums of parts are added in a binary tree, the part's number being the leaf. Which process did a part then leaves no trace
// in the bits. Data, parameters and all that follows from complete sums are the same in every process.
type division struct {
	parts int // a power of two; 1 where passes are not cut
	group *group.Group
	piece int // least elements that go out by themselves
}

func newDivision(o Options) (division, error) {
	d := division{max(1, o.Parts), o.Group, leastPiece}
	if o.Parts < 0 || bits.OnesCount(uint(d.parts)) != 1 {
		return d, fmt.Errorf("passes in %d parts: give 1, 2, 4 or another power of two", o.Parts)
	}
	if k := d.group.Size(); k > d.parts {
		return d, fmt.Errorf("%d processes share the parts of a pass, of which there are %d: give at least as many parts", k, d.parts)
	}
	return d, nil
}

// Parts is the number of parts that passes are cut into.
func (f *Objective) Parts() int { return f.division.parts }

// Group is the processes that share the parts; nil for one alone.
func (f *Objective) Group() *group.Group { return f.division.group }

// divides reports whether passes are cut into parts.
func (f *Objective) divides() bool { return f.division.parts > 1 && !f.undivided }

// AtOnce reports whether n examples are one chunk that is a whole pass (Batch.Whole).
func (f *Objective) AtOnce(n int) bool { return n <= f.chunk && !f.divides() }

// InChunks reports whether n examples are several chunks, whose sums are added up one after the other.
func (f *Objective) InChunks(n int) bool { return n > f.chunk && !f.divides() }

// Undivided is the same objective with passes that are not cut into parts: each process does all of them, with the same results. It is for
// passes whose results are no sums over examples, and for small ones. It shares everything with f, and is closed with it.
func (f *Objective) Undivided() *Objective {
	if !f.divides() {
		return f
	}
	return &Objective{Model: f.Model, onDevice: f.onDevice, training: f.training, undivided: true}
}

// part is the examples [from, to) of n that are the k-th part. The first part has some.
func (d division) part(k, n int) (from, to int) {
	cut := func(k int) int { return (n*k + d.parts - 1) / d.parts }
	return cut(k), cut(k + 1)
}

// own is the parts [from, to) that this process does.
func (d division) own() (from, to int) {
	each := d.parts / d.group.Size()
	return d.group.Rank() * each, (d.group.Rank() + 1) * each
}

// SameParameters refuses, in all processes, parameters that are not the same in all of them: processors of different kinds may round
// differently.
func (f *Objective) SameParameters() error {
	g := f.Group()
	if g.Size() == 1 {
		return nil
	}
	theta := make([]float64, f.size)
	if err := f.theta.Read(theta); err != nil {
		return fmt.Errorf("objective: reading the parameters: %w", err)
	}
	raw, err := binary.Append(nil, binary.LittleEndian, theta)
	if err != nil {
		return err
	}
	return g.Same("parameters, as processors of another kind have,", raw)
}
