package pool

import (
	"runtime"
	"time"
)

const (
	patience = 2 * time.Millisecond // yields for so long before sleeping: waking up costs far more than a kernel takes
	spinning = 64                   // yields between two looks at the clock
)

// help is the life of a helper: it joins every job that it sees while that is open.
func (p *Pool) help(worker int) {
	defer p.helpers.Done()
	var seen uint64
	for idle := 0; !p.closed.Load(); idle++ {
		s := p.state.Load()
		switch {
		case s&open != 0 && s/jobUnit != seen:
			if p.state.CompareAndSwap(s, s+1) {
				seen, idle = s/jobUnit, 0
				p.work(worker)
				p.state.Add(^uint64(0))
			}
		case idle > spins:
			p.rest(s / jobUnit)
			idle = 0
		}
	}
}

// rest returns once a job other than the given one may be there: it yields for a while and then sleeps.
func (p *Pool) rest(job uint64) {
	start := time.Now()
	for i := 1; ; i++ {
		runtime.Gosched()
		if p.state.Load()/jobUnit != job || p.closed.Load() {
			return
		}
		if i%spinning == 0 && time.Since(start) > patience {
			break
		}
	}
	p.parked.Add(1)
	if p.state.Load()/jobUnit == job { // a job that starts from here on sees this helper parked
		<-p.wake
	}
	p.parked.Add(-1)
}
