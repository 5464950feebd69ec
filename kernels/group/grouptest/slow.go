package grouptest

import (
	"time"

	"drift/kernels/group"
)

// Link is a transport whose messages take as long as over a slow network, without work for a processor, and are counted.
type Link struct {
	group.Transport
	Latency time.Duration // of a message
	Rate    float64       // bytes a second that a process sends; 0 for no limit
	Calls   int           // of Exchange
}

func (l *Link) take(bytes int) {
	wait := l.Latency
	if l.Rate > 0 {
		wait += time.Duration(float64(bytes) / l.Rate * float64(time.Second))
	}
	time.Sleep(wait)
}

// Exchange sends all but the own segment.
func (l *Link) Exchange(in, out []byte) error {
	l.Calls++
	l.take(len(out) / l.Size() * (l.Size() - 1))
	return l.Transport.Exchange(in, out)
}

// Gather sends the own segment to all others.
func (l *Link) Gather(all, own []byte) error {
	l.take(len(own) * (l.Size() - 1))
	return l.Transport.Gather(all, own)
}
