package objective

import (
	"drift/graph"
	"drift/kernels"
)

// total is a run of elements of a buffer to which the chunks of a pass add.
type total struct {
	into     kernels.Buffer
	from, to int
	leaf     *graph.Node
}

// piece is sums that go out to the other processes together.
type piece struct {
	sums     []kernels.Buffer
	totals   int // of the batch that it holds: those behind the piece before
	from, to int // its place among all sums, in elements
}

// leastPiece is the elements of a piece: the time to send fewer is mostly that of the messages' way. mostPieces bounds how often a program
// is cut.
const (
	leastPiece = 1 << 17
	mostPieces = 8
)

// cutIntoPieces cuts totals, in order, into pieces of about equal size, or takes them as one. Processes find the same pieces, because they
// follow from the network alone. Scalars go with the last.
func (d division) cutIntoPieces(totals []total, scalars []kernels.Buffer) []piece {
	size := 0
	for _, t := range totals {
		size += t.to - t.from
	}
	least := max(d.piece, size/mostPieces)
	if d.group.Size() == 1 {
		least = size + 1
	}
	pieces := []piece{{}}
	for k := 0; k < len(totals); {
		last := &pieces[len(pieces)-1]
		if last.to-last.from >= least {
			pieces = append(pieces, piece{from: last.to, to: last.to})
			continue
		}
		k += last.take(totals[k:], least)
	}
	last := &pieces[len(pieces)-1]
	for _, s := range scalars {
		last.sums, last.to = append(last.sums, s), last.to+s.Len()
	}
	return pieces
}

// take takes totals that lie side by side, in falling order, until there are enough, and returns how many.
func (p *piece) take(totals []total, enough int) int {
	first, n := totals[0], 1
	from := first.from
	for n < len(totals) && first.to-from+p.to-p.from < enough && totals[n].into == first.into && totals[n].to == from {
		from = totals[n].from
		n++
	}
	p.sums = append(p.sums, first.into.Slice(from, first.to))
	p.totals, p.to = p.totals+n, p.to+first.to-from
	return n
}

// stages is the leaves of the totals of each piece but the last, which ends with the program.
func (f *fold) stages(b *Batch) (groups [][]*graph.Node) {
	at := 0
	for _, p := range f.pieces[:len(f.pieces)-1] {
		var group []*graph.Node
		for _, t := range b.totals[at : at+p.totals] {
			group = append(group, t.leaf)
		}
		at += p.totals
		groups = append(groups, group)
	}
	return groups
}

// hostSums is room for all sums on the host, one behind the other, in their own type.
type hostSums interface {
	values(p piece) any
	read(p piece) error
	write(all []piece) error
}

func newHostSums(dt kernels.DType, pieces []piece) hostSums {
	n := pieces[len(pieces)-1].to
	if dt == kernels.Float64 {
		return make(typedSums[float64], n)
	}
	return make(typedSums[float32], n)
}

type typedSums[T kernels.Float] []T

func (s typedSums[T]) values(p piece) any { return []T(s[p.from:p.to]) }

func (s typedSums[T]) read(p piece) error { return s.each(p, kernels.Buffer.Read) }

func (s typedSums[T]) write(all []piece) error {
	for _, p := range all {
		if err := s.each(p, kernels.Buffer.Write); err != nil {
			return err
		}
	}
	return nil
}

// each does something to each buffer of a piece with its numbers, a []T.
func (s typedSums[T]) each(p piece, do func(b kernels.Buffer, numbers any) error) error {
	at := p.from
	for _, b := range p.sums {
		if err := do(b, []T(s[at:at+b.Len()])); err != nil {
			return err
		}
		at += b.Len()
	}
	return nil
}
