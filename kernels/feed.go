package kernels

// Feeder is a device that copies data to its memory while it computes.
type Feeder interface {
	Device
	// NewFeed is host memory to fill buffers from, which must not be freed before it is closed.
	NewFeed(to ...Buffer) (Feed, error)
}

// Feed fills buffers of a device beside its computation. Its methods but Close may be called from one goroutine after the other.
type Feed interface {
	// Host is memory as large as buffer k, a []float32, []float64, []int32 or []byte, out of which it is filled.
	Host(k int) any
	// Wait returns once the copies of the last Send have been made: Host may be written again.
	Wait() error
	// Send begins to copy the first n[k] elements of each Host. They arrive when programs that ran before the last Leave are done.
	Send(n []int) error
	// Arrive makes programs that run from now on wait for what was sent.
	Arrive() error
	// Leave says that programs that run from now on do not read the buffers before the next Arrive.
	Leave() error
	Close()
}
