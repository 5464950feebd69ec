package objective

import "drift/kernels"

// State is told everything that lasts from step to step. What it does is the caller's choice: it reads the values for a checkpoint,
// sets them from one, or sets them to zero. Whoever has state describes it once, in a method State(s State), under names that are unique
// within s.
type State interface {
	// Vector is a buffer on the device. It is stored in its own element type.
	Vector(name string, b kernels.Buffer)
	// Host is numbers in the host's memory.
	Host(name string, x []float64)
	// Numbers is single numbers. A counter of another type is copied to a float64 before the call and back after it.
	Numbers(name string, x ...*float64)
	// In is the same state for a part of the whole, whose names get the given one as a prefix.
	In(name string) State
}
