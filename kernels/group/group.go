// Package group lets several processes compute one thing together: they add up vectors, agree on how things went, and pass data on. What
// they add has the same bits for any number of processes, because sums are taken in one fixed tree. A Transport carries the bytes:
// goroutines of one process (Local), or MPI (package mpi).
//
// Every process calls the methods of its group in the same order. Each of them begins with an exchange of how things went, so that one
// that fails anywhere and calls Agree on its way out ends what the others wait for.
package group

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
)

// Transport carries bytes between the processes 0 … Size−1. All of them make the same calls in the same order.
type Transport interface {
	Rank() int
	Size() int
	// Exchange sends the k-th of Size equal segments of out to process k, and gets into the k-th of in what process k sends here.
	Exchange(in, out []byte) error
	// Gather gets into the k-th of Size segments of all what process k gives as own.
	Gather(all, own []byte) error
	// Broadcast overwrites b with what process 0 has there.
	Broadcast(b []byte) error
	// Abort ends all processes, however far they are.
	Abort(status int)
	// Close waits until all processes have come to it.
	Close() error
}

// Group is a process among others. A nil Group is a process alone, whose methods cost nothing.
type Group struct {
	transport Transport
	own       []byte
	all       []byte
	room      [2][]byte // of Sum
	ended     error     // what was agreed on, once anything failed
	broken    error     // of the transport: there is no way to agree
}

// New is the group of a transport. Sums in a fixed tree want a number of processes that is a power of two.
func New(t Transport) (*Group, error) {
	if n := t.Size(); bits.OnesCount(uint(n)) != 1 {
		return nil, fmt.Errorf("a group of %d processes: the order of its sums takes 1, 2, 4 or another power of two", n)
	}
	return &Group{transport: t, own: make([]byte, 1), all: make([]byte, t.Size())}, nil
}

// Rank is the number of this process, from 0.
func (g *Group) Rank() int {
	if g == nil {
		return 0
	}
	return g.transport.Rank()
}

// Size is the number of processes.
func (g *Group) Size() int {
	if g == nil {
		return 1
	}
	return g.transport.Size()
}

// First reports the process that prints and writes.
func (g *Group) First() bool { return g.Rank() == 0 }

// Elsewhere is the error of a process whose group failed in another one.
type Elsewhere struct {
	Rank        int
	What        string
	interrupted bool
}

func (e Elsewhere) Error() string { return fmt.Sprintf("process %d: %s", e.Rank, e.What) }

// Is reports context.Canceled where the other process was asked to stop.
func (e Elsewhere) Is(target error) bool { return e.interrupted && target == context.Canceled }

// What a process tells in an exchange.
const (
	fine byte = iota
	flagged
	failed
	interrupted
)

// textSize is what others get to know of an error.
const textSize = 1024

// Agree tells the others how things went here, nil for well, and returns an error in all processes where they went wrong in any: its own
// in one that has one, else that of the first that has. From then on every method returns it at once.
func (g *Group) Agree(err error) error {
	_, err = g.meet(err, false)
	return err
}

// Any reports whether any process gives true.
func (g *Group) Any(flag bool) (bool, error) { return g.meet(nil, flag) }

// meet is the exchange that every method begins with.
func (g *Group) meet(err error, flag bool) (bool, error) {
	switch {
	case g == nil:
		return flag, err
	case g.ended != nil:
		if err != nil {
			return false, err
		}
		return false, g.ended
	}
	g.own[0] = fine
	switch {
	case errors.Is(err, context.Canceled):
		g.own[0] = interrupted
	case err != nil:
		g.own[0] = failed
	case flag:
		g.own[0] = flagged
	}
	if problem := g.transport.Gather(g.all, g.own); problem != nil {
		return false, g.breaks("agreeing with the other processes: %w", problem)
	}
	for rank, told := range g.all {
		switch told {
		case flagged:
			flag = true
		case failed, interrupted:
			g.ended = g.explain(err, rank, told)
			return false, g.ended
		}
	}
	return flag, nil
}

// explain is the error of a group in which one process, and maybe others, told of one.
func (g *Group) explain(own error, rank int, told byte) error {
	text, all := make([]byte, textSize), make([]byte, textSize*g.Size())
	if own != nil {
		copy(text, own.Error())
	}
	err := g.transport.Gather(all, text)
	switch {
	case own != nil:
		return own
	case err != nil:
		return g.breaks("learning what process %d met: %w", rank, err)
	}
	text = all[rank*textSize : (rank+1)*textSize]
	end := 0
	for end < textSize && text[end] != 0 {
		end++
	}
	return Elsewhere{Rank: rank, What: string(text[:end]), interrupted: told == interrupted}
}

// Abort ends all processes, however far they are.
func (g *Group) Abort(status int) {
	if g != nil {
		g.transport.Abort(status)
	}
}

// breaks ends the group with an error of its transport.
func (g *Group) breaks(format string, args ...any) error {
	g.broken = fmt.Errorf(format, args...)
	g.ended = g.broken
	return g.broken
}

// Close leaves the group, once all processes do. Where messages did not come through it fails at once, and Abort is left.
func (g *Group) Close() error {
	switch {
	case g == nil:
		return nil
	case g.broken != nil:
		return g.broken
	}
	return g.transport.Close()
}
