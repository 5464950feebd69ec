package objective

import "drift/kernels/group"

// sender adds up pieces over the processes of a group, in the order in which they come, beside what else a process does. Until wait returns
// nobody else may use the group.
type sender struct {
	queue chan any
	ended chan error // nil while nothing is under way
	last  any        // a piece with nothing to be done beside it
}

// send takes a piece of a pass, which more pieces follow. The last one, with more = 0, waits for wait.
func (s *sender) send(g *group.Group, values any, more int) {
	if more == 0 {
		s.last = values
		return
	}
	if s.ended == nil {
		s.queue, s.ended = make(chan any, more), make(chan error, 1)
		go run(g, s.queue, s.ended)
	}
	s.queue <- values
}

func run(g *group.Group, queue chan any, ended chan error) {
	var err error
	for values := range queue {
		if err == nil {
			err = g.Sum(values, nil)
		}
	}
	ended <- err
}

// wait returns once all pieces are sums over all processes, or something went wrong in one: here, for one that tells of it.
func (s *sender) wait(g *group.Group, err error) error {
	if s.ended != nil {
		close(s.queue)
		if sent := <-s.ended; err == nil {
			err = sent
		}
		s.ended = nil
	}
	last := s.last
	if s.last = nil; last == nil || err != nil {
		return g.Agree(err)
	}
	return g.Sum(last, nil)
}
