// Package slots decides where a device keeps the values of a Map while it runs: how long each is needed, and which place it takes.
package slots

import "drift/kernels"

// LastReads is, for each value of a program, the last instruction that reads it, −1 where none does. The values of the inputs come
// first, then one for each instruction.
func LastReads(inputs int, code []kernels.Instr) []int {
	last := make([]int, inputs+len(code))
	for v := range last {
		last[v] = -1
	}
	for k, i := range code {
		for _, v := range []uint8{i.X, i.Y}[:i.Fn.Arity()] {
			last[v] = k
		}
	}
	return last
}

// Slots are places for values, of which the lowest free one is taken and each is taken again once it is free.
type Slots struct {
	of    []int // the slot of each value, −1 for none
	taken []bool
}

// New has no slots yet, for a program of this number of values.
func New(values int) *Slots {
	s := &Slots{of: make([]int, values)}
	for v := range s.of {
		s.of[v] = -1
	}
	return s
}

// Count is the number of slots that were ever taken.
func (s *Slots) Count() int { return len(s.taken) }

// Of is the slot of a value, −1 where it has none.
func (s *Slots) Of(value int) int { return s.of[value] }

// Take gives a value the lowest free slot.
func (s *Slots) Take(value int) int {
	slot := 0
	for slot < len(s.taken) && s.taken[slot] {
		slot++
	}
	if slot == len(s.taken) {
		s.taken = append(s.taken, false)
	}
	s.taken[slot], s.of[value] = true, slot
	return slot
}

// Release frees the slot of a value, if it has one.
func (s *Slots) Release(value int) {
	if slot := s.of[value]; slot >= 0 {
		s.taken[slot], s.of[value] = false, -1
	}
}
