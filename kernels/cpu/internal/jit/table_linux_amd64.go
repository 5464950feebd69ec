package jit

import "slices"

// The table is addresses, the mask of the tail where a register of its own does not hold it, constants, and cells.

// firstSlot is where the slots of the table begin.
func (c *compiler) firstSlot() int { return (8*c.words() + c.slot() - 1) / c.slot() * c.slot() }

func (c *compiler) slotAt(k int) address { return address{rdi, -1, c.firstSlot() + k*c.slot()} }

func (c *compiler) tailAt() address { return c.slotAt(0) }

// masks is the slots of the mask.
func (c *compiler) masks() int { return 8 * len(c.tailWords(c.Length%c.lanes())) / c.slot() }

func (c *compiler) constantAt(k int) address { return c.slotAt(c.masks() + k) }
func (c *compiler) cellAt(k int) address     { return c.slotAt(c.masks() + len(c.constants) + k) }

// tableWords is the length of the table.
func (c *compiler) tableWords() int {
	return (c.firstSlot() + (c.masks()+len(c.constants)+c.cells)*c.slot()) / 8
}

// numbers is what the slots hold when a table is made, as far as it matters.
func (c *compiler) numbers() []uint64 {
	all := c.tailWords(c.Length % c.lanes())
	for _, bits := range c.constants {
		if !c.f64 {
			bits |= bits << 32
		}
		all = append(all, slices.Repeat([]uint64{bits}, c.slot()/8)...)
	}
	return all
}
