// Package jit compiles chains of elementwise functions, and their sums, into machine code: what passes from one function to the next stays in
// registers, so that each element is read and written once. It does so for AVX-512 and AVX2 on Linux; elsewhere Compile reports that it cannot,
// and the caller works function by function.
//
// Every function computes each element as the loops of package vmath do at the same level, to the last bit. The order of the additions of a sum
// follows from the program and the level.
package jit

import (
	"unsafe"

	"drift/kernels"
)

// Program is a chain over groups of rows. All rows have the same length, all groups the same number of rows, and every operand moves on by a
// fixed number of elements from row to row and from group to group.
type Program struct {
	F64          bool
	Length, Rows int
	Inputs       []Input
	Code         []kernels.Instr
	Stores       []uint8 // the value that is written to each output
	Outputs      []Input // how outputs move on; nil for those that go on from row to row
	Sum          int     // the value whose sum over a group is taken, or −1
	Wide         bool    // sums are stored as float64, whatever the type
	InPlace      bool    // an output may be the same memory as an input
}

// Input is an operand: an element for each index of a row, or one for the row.
type Input struct {
	Vector     bool
	Row, Group int // elements that it moves on by with each row, and with each group besides

	// It begins Offset elements behind the address of the operand that is Back places before it in the list, 0 for its own, and moves on as that does,
	// which has an address of its own.
	Back, Offset int
}

// Function is a compiled program.
type Function struct {
	entry   uintptr
	words   int      // of a table
	first   int      // the word that the numbers begin at
	align   int      // words that a table is aligned to
	numbers []uint64 // what a table holds from the start
}

// Table makes the words that a call reads: the addresses of inputs, outputs and sums in this order, which the caller sets before each call as
// far as they are read, and constants. Calls that run at once need one each.
func (f *Function) Table() []uint64 {
	t := make([]uint64, f.words+f.align-1)
	for uintptr(unsafe.Pointer(&t[0]))/8%uintptr(f.align) > 0 {
		t = t[1:]
	}
	t = t[:f.words:f.words]
	copy(t[f.first:], f.numbers)
	return t
}

// Run does groups of rows.
func (f *Function) Run(table []uint64, groups int) { call(f.entry, &table[0], groups) }

func pick[T any](which bool, yes, no T) T {
	if which {
		return yes
	}
	return no
}
