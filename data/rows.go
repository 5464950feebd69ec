package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"drift/data/untrusted"
)

// Rows are examples that stay where they are, as in a file larger than memory, and are read when they are wanted. Several goroutines
// may read at once.
type Rows interface {
	Len() int
	// ReadRow fills x [Size] with the numbers of example i as they are stored, and y [Targets] with its targets, unless the Set has those.
	ReadRow(i int, x, y []float64) error
	// Identity is what tells these examples from others.
	Identity() string
}

// ReadRow fills x [Size] and y [Targets] with the input and the targets of example i, wherever it lies.
func (s Set) ReadRow(i int, x, y []float64) error {
	if s.Rows == nil {
		read(s.X, i*len(x), x)
		s.targets(i*len(y), func(k int, v float64) { y[k] = v }, len(y))
		return nil
	}
	if err := s.Rows.ReadRow(i, x, y); err != nil {
		return fmt.Errorf("example %d of %s: %w", i, s.Name, err)
	}
	if s.X.affine != nil {
		convert(x, x, i*len(x), s.X.affine)
	}
	if s.Labels != nil || s.Y != nil {
		s.targets(i*len(y), func(k int, v float64) { y[k] = v }, len(y))
	}
	for _, v := range x {
		if v-v != 0 {
			return s.unfit("input", i, v)
		}
	}
	for _, v := range y {
		if v-v != 0 {
			return s.unfit("target", i, v)
		}
	}
	return nil
}

// readRows passes on the inputs of some examples.
func (s Set) readRows(from, count int, each func(i int, x []float64)) error {
	x, y := make([]float64, s.Size()), make([]float64, s.Targets())
	for i := range count {
		if err := s.ReadRow(from+i, x, y); err != nil {
			return err
		}
		each(i, x)
	}
	return nil
}

// chosenRows are some of the examples of others, in an order of their own.
type chosenRows struct {
	Rows
	indices []int32
}

func (c chosenRows) Len() int { return len(c.indices) }

func (c chosenRows) ReadRow(i int, x, y []float64) error {
	return c.Rows.ReadRow(int(c.indices[i]), x, y)
}

func (c chosenRows) Identity() string {
	sum := crc32.NewIEEE()
	binary.Write(sum, binary.LittleEndian, c.indices)
	return fmt.Sprint(len(c.indices), sum.Sum32(), c.Rows.Identity())
}

// choose is the given examples.
func choose(r Rows, indices []int) Rows {
	c := chosenRows{r, make([]int32, len(indices))}
	for k, i := range indices {
		c.indices[k] = int32(i)
	}
	return c
}

// runOfRows are the examples [from, to) of others.
type runOfRows struct {
	Rows
	from, to int
}

func (c runOfRows) Len() int                            { return c.to - c.from }
func (c runOfRows) ReadRow(i int, x, y []float64) error { return c.Rows.ReadRow(c.from+i, x, y) }

func (c runOfRows) Identity() string { return fmt.Sprint(c.from, c.to, c.Rows.Identity()) }

// InMemory is the set with its examples read from wherever they lie: all, or as many as given, evenly spread.
func InMemory(s Set, most int) (Set, error) {
	if s.Rows == nil {
		return s, nil
	}
	n := min(s.Len(), most)
	x, y := make([]float64, n*s.Size()), make([]float64, n*s.Targets())
	for k := range n {
		if err := s.ReadRow(k*s.Len()/n, x[k*s.Size():(k+1)*s.Size()], y[k*s.Targets():(k+1)*s.Targets()]); err != nil {
			return s, err
		}
	}
	s.Rows, s.X, s.Y, s.Labels = nil, ValuesOf(x), nil, nil
	if s.Classes == 0 {
		s.Y = y
		return s, nil
	}
	for _, class := range y {
		s.Labels = append(s.Labels, int32(class))
	}
	return s, nil
}

// streamOption is the option of sources whose examples may stay in their files.
func streamOption() Option {
	return Option{"stream", "auto", "on, off or auto: read examples from disk when they are wanted, with the same results; auto does so above 256 MiB"}
}

// streamedAbove is the size in bytes from which examples stay in their files.
const streamedAbove = 256 << 20

// streams tells whether examples of the given size in all shall stay in their files.
func (r *request) streams(bytes int64) bool {
	switch r.choice("stream", "auto", "on", "off", "auto") {
	case "on":
		return true
	case "off":
		return false
	}
	return bytes > streamedAbove
}

// fallsBack tells whether an error is no reason to fail: what was not asked to be read from disk and cannot be goes into memory.
func (r *request) fallsBack(err error) bool {
	return errors.Is(err, errUnstreamable) && r.choice("stream", "auto", "on", "off", "auto") == "auto"
}

// streamed finds the file of a path of the spec, and tells whether its examples shall stay in it.
func (r *request) streamed(path string) (string, bool, error) {
	path, err := findFile(r.dir, path)
	if err != nil {
		return "", false, err
	}
	info, err := untrusted.Stat(path)
	if err != nil {
		return "", false, err
	}
	return path, r.streams(info.Size()), r.err
}
