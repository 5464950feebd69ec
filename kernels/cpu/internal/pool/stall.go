package pool

import "time"

// On a busy machine the system takes the processor away from a helper in the middle of a task, and everyone waits for it for
// milliseconds. After such a stall the callers work alone for a while, so that no more than a share of the time is lost.
const (
	stall   = 300 * time.Microsecond // waiting for so long, beyond twice the time of a task, is a stall
	alone   = 16                     // times the stall is how long
	longest = 200 * time.Millisecond
)

// epoch is where the pool's times count from.
var epoch = time.Now()

// Waited tells the pool that a worker was waited for so long where a task takes about so long. Tasks that wait for each other
// report it.
func (p *Pool) Waited(d, task time.Duration) {
	if p != nil && d > stall+2*task {
		p.resume.Store(int64(time.Since(epoch) + min(alone*d, longest)))
	}
}

// solo reports whether callers work alone now.
func (p *Pool) solo() bool {
	at := p.resume.Load()
	if at == 0 {
		return false
	}
	if int64(time.Since(epoch)) < at {
		return true
	}
	p.resume.CompareAndSwap(at, 0)
	return false
}
