package group

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Broadcast is what process 0 gives, in all of them; nil in the others where that is nothing. What they give is not looked at.
func (g *Group) Broadcast(b []byte) ([]byte, error) {
	if err := g.Agree(nil); err != nil || g.Size() == 1 {
		return b, err
	}
	size := make([]byte, 8)
	binary.LittleEndian.PutUint64(size, uint64(len(b)))
	err := g.transport.Broadcast(size)
	if err == nil {
		if !g.First() {
			b = nil
			if n := binary.LittleEndian.Uint64(size); n > 0 {
				b = make([]byte, n)
			}
		}
		err = g.transport.Broadcast(b)
	}
	if err != nil {
		return nil, g.breaks("passing on %d bytes: %w", len(b), err)
	}
	return b, nil
}

// Gather is what each process gives, in their order.
func (g *Group) Gather(own []byte) ([][]byte, error) {
	if err := g.Agree(nil); err != nil || g.Size() == 1 {
		return [][]byte{own}, err
	}
	k := g.Size()
	size, sizes := make([]byte, 8), make([]byte, 8*k)
	binary.LittleEndian.PutUint64(size, uint64(len(own)))
	err := g.transport.Gather(sizes, size)
	most, parts := 0, make([][]byte, k)
	for rank := range parts {
		parts[rank] = make([]byte, binary.LittleEndian.Uint64(sizes[8*rank:]))
		most = max(most, len(parts[rank]))
	}
	all, padded := make([]byte, most*k), make([]byte, most)
	copy(padded, own)
	if err == nil {
		err = g.transport.Gather(all, padded)
	}
	if err != nil {
		return nil, g.breaks("gathering %d bytes: %w", len(own), err)
	}
	for rank := range parts {
		copy(parts[rank], all[rank*most:])
	}
	return parts, nil
}

// Same refuses, in all processes, something that differs between them, such as their data: what names it, of is what must be equal.
func (g *Group) Same(what string, of []byte) error {
	if err := g.Agree(nil); err != nil || g.Size() == 1 {
		return err
	}
	own := sha256.Sum256(of)
	all := make([]byte, len(own)*g.Size())
	if err := g.transport.Gather(all, own[:]); err != nil {
		return g.breaks("comparing %s: %w", what, err)
	}
	for rank := range g.Size() {
		if !bytes.Equal(all[rank*len(own):(rank+1)*len(own)], all[:len(own)]) {
			g.ended = fmt.Errorf("process %d has other %s than process 0: give all the same", rank, what)
			return g.ended
		}
	}
	return nil
}
