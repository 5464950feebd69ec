package group

import (
	"errors"
	"sync"
)

// Local is a group of n goroutines, each of which uses one of the groups.
func Local(n int) ([]*Group, error) {
	groups := make([]*Group, n)
	for rank, t := range Goroutines(n) {
		g, err := New(t)
		if err != nil {
			return nil, err
		}
		groups[rank] = g
	}
	return groups, nil
}

// Goroutines is a transport between n goroutines, each of which uses one of them.
func Goroutines(n int) []Transport {
	b := &board{n: n, slots: make([][]byte, n)}
	b.changed = sync.NewCond(&b.lock)
	all := make([]Transport, n)
	for rank := range all {
		all[rank] = &local{b, rank}
	}
	return all
}

// board is where goroutines meet.
type board struct {
	lock    sync.Mutex
	changed *sync.Cond
	n       int
	slots   [][]byte // what each has to give
	waiting int
	turn    int // how often all have met
	aborted bool
}

var errAborted = errors.New("the group was aborted")

// meet waits until all are there.
func (b *board) meet() error {
	b.lock.Lock()
	defer b.lock.Unlock()
	turn := b.turn
	if b.waiting++; b.waiting == b.n {
		b.waiting, b.turn = 0, turn+1
		b.changed.Broadcast()
	}
	for b.turn == turn && !b.aborted {
		b.changed.Wait()
	}
	if b.aborted {
		return errAborted
	}
	return nil
}

// local is one of the goroutines.
type local struct {
	board *board
	rank  int
}

var _ Transport = (*local)(nil)

func (l *local) Rank() int { return l.rank }
func (l *local) Size() int { return l.board.n }

// give shows the others bytes while take reads theirs.
func (l *local) give(own []byte, take func(slots [][]byte)) error {
	l.board.slots[l.rank] = own
	if err := l.board.meet(); err != nil {
		return err
	}
	take(l.board.slots)
	return l.board.meet()
}

func (l *local) Exchange(in, out []byte) error {
	part := len(out) / l.board.n
	return l.give(out, func(slots [][]byte) {
		for k, theirs := range slots {
			copy(in[k*part:(k+1)*part], theirs[l.rank*part:(l.rank+1)*part])
		}
	})
}

func (l *local) Gather(all, own []byte) error {
	return l.give(own, func(slots [][]byte) {
		for k, theirs := range slots {
			copy(all[k*len(own):], theirs)
		}
	})
}

func (l *local) Broadcast(b []byte) error {
	return l.give(b, func(slots [][]byte) {
		if l.rank > 0 {
			copy(b, slots[0])
		}
	})
}

// Abort makes the others' calls fail: goroutines cannot be ended.
func (l *local) Abort(int) {
	l.board.lock.Lock()
	defer l.board.lock.Unlock()
	l.board.aborted = true
	l.board.changed.Broadcast()
}

func (l *local) Close() error { return l.board.meet() }
