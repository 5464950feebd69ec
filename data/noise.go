package data

import (
	"fmt"
	"sync"

	"drift/data/random"
)

// labelNoise is a class drawn uniformly from all in the place of a label, with probability share. What happens to label i is a function of
// seed and i.
type labelNoise struct {
	share   float64
	seed    uint64
	classes int
}

// stream is where it draws from.
func (n labelNoise) stream() *random.Stream { return random.New(n.seed, "label noise") }

// redrawn is what becomes of label i, and whether it was drawn.
func (n labelNoise) redrawn(from *random.Stream, i int, label int32) (int32, bool) {
	if from.At(uint64(i)); from.Float64() < n.share && label != NoLabel {
		return int32(from.IntN(n.classes)), true
	}
	return label, false
}

// redraw replaces labels of a set by label noise, those that it holds or those that are read, and returns how many it drew.
func redraw(s *Set, share float64, seed uint64) (drawn int, err error) {
	if share == 0 {
		return 0, nil
	}
	noise := labelNoise{share, seed, s.Classes}
	if s.Rows != nil && s.Labels == nil {
		s.Rows = noisyRows{s.Rows, noise, s.Targets(), &sync.Pool{New: func() any { return noise.stream() }}}
		return s.Rows.(noisyRows).count(s.Size())
	}
	from := noise.stream()
	for i, label := range s.Labels {
		var is bool
		if s.Labels[i], is = noise.redrawn(from, i, label); is {
			drawn++
		}
	}
	return drawn, nil
}

// noisyRows are others with label noise.
type noisyRows struct {
	Rows
	noise   labelNoise
	targets int        // of an example
	streams *sync.Pool // of *random.Stream
}

func (n noisyRows) ReadRow(i int, x, y []float64) error {
	if err := n.Rows.ReadRow(i, x, y); err != nil {
		return err
	}
	from := n.streams.Get().(*random.Stream)
	defer n.streams.Put(from)
	for k, label := range y {
		drawn, _ := n.noise.redrawn(from, i*n.targets+k, int32(label))
		y[k] = float64(drawn)
	}
	return nil
}

// count is how many labels are drawn. Labels are looked at, as those that are missing stay so.
func (n noisyRows) count(size int) (drawn int, err error) {
	from, x, y := n.noise.stream(), make([]float64, size), make([]float64, n.targets)
	for i := range n.Len() {
		if err := n.Rows.ReadRow(i, x, y); err != nil {
			return 0, err
		}
		for k, label := range y {
			if _, is := n.noise.redrawn(from, i*n.targets+k, int32(label)); is {
				drawn++
			}
		}
	}
	return drawn, nil
}

func (n noisyRows) Identity() string { return fmt.Sprint(n.noise, n.Rows.Identity()) }
