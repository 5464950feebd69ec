package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"drift/data/random"
)

// Augmentation is random changes of training images, as torchvision's RandomCrop with padding and RandomHorizontalFlip make them. The
// zero Augmentation changes nothing.
type Augmentation struct {
	Crop int  // pixels of black around an image, out of which one of its size is cut
	Flip bool // left and right change places, with probability ½
}

// parseAugmentation reads cropN, flip, or both with a plus between them.
func parseAugmentation(text string) (a Augmentation, ok bool) {
	for _, part := range strings.Split(text, "+") {
		width, crop := strings.CutPrefix(part, "crop")
		switch n, err := strconv.Atoi(width); {
		case part == "flip" && !a.Flip:
			a.Flip = true
		case crop && err == nil && n > 0 && a.Crop == 0:
			a.Crop = n
		default:
			return Augmentation{}, false
		}
	}
	return a, true
}

// change is what becomes of one image: the corner of what is cut out, seen from that of the image, and whether it is flipped.
type change struct {
	y, x int
	flip bool
}

func (a Augmentation) draw(s *random.Stream) (c change) {
	if a.Crop > 0 {
		c.y, c.x = s.IntN(2*a.Crop+1)-a.Crop, s.IntN(2*a.Crop+1)-a.Crop
	}
	c.flip = a.Flip && s.IntN(2) == 1
	return c
}

// changed writes what becomes of an image [channels,height,width] into dst. black is that of each channel.
func changed[T any](dst, src []T, shape []int, c change, black func(channel int) T) {
	height, width := shape[1], shape[2]
	for row := range shape[0] * height {
		channel, y := row/height, row%height+c.y
		to, blank := dst[row*width:][:width], black(channel)
		for i := range to {
			to[i] = blank
		}
		if y < 0 || y >= height {
			continue
		}
		from := src[(channel*height+y)*width:][:width]
		left, right := max(0, -c.x), min(width, width-c.x) // what is cut out of the image
		copy(to[left:right], from[left+c.x:])
		if c.flip {
			slices.Reverse(to)
		}
	}
}

// Changes draws how the images of a set are changed.
type Changes struct {
	by     Augmentation
	stream *random.Stream
}

// NewChanges draws from a seed what a set's Augmentation asks for.
func NewChanges(s Set, seed uint64) *Changes { return &Changes{s.Augment, random.New(seed, "augment")} }

// At is where in an example, with black around it, the window lies in an epoch that is cut out, seen from the example's own corner, and whether
// that is mirrored: a function of seed, epoch and example.
func (c *Changes) At(epoch, example int) (dy, dx int, mirrored bool) {
	drawn := c.at(epoch, example)
	return drawn.y, drawn.x, drawn.flip
}

func (c *Changes) at(epoch, example int) change {
	return c.by.draw(c.stream.At(indexed(epoch, example)))
}

// Augmenter reads the inputs of a set as its Augmentation changes them.
type Augmenter[T Float] struct {
	set     Set
	changes *Changes
	image   []T
	black   []T // by channel
}

// NewAugmenter draws from a seed.
func NewAugmenter[T Float](s Set, seed uint64) *Augmenter[T] {
	a := &Augmenter[T]{set: s, changes: NewChanges(s, seed), image: make([]T, s.Size())}
	for channel := range s.Shape[0] {
		var black [1]T
		convert(black[:], []byte{0}, channel*s.Shape[1]*s.Shape[2], s.X.affine)
		a.black = append(a.black, black[0])
	}
	return a
}

// Read copies the inputs of an example into dst as they are in an epoch: a function of seed, epoch and example.
func (a *Augmenter[T]) Read(epoch, example int, dst []T) error {
	if err := ReadInputs(a.set, example, a.image); err != nil {
		return err
	}
	a.Change(epoch, example, a.image, dst)
	return nil
}

// Change makes of the inputs of an example what Read gives.
func (a *Augmenter[T]) Change(epoch, example int, inputs, dst []T) {
	changed(dst, inputs, a.set.Shape, a.changes.at(epoch, example), func(channel int) T { return a.black[channel] })
}

// indexed is the place in a stream of an example in an epoch, or in a copy of the data.
func indexed(epoch, example int) uint64 { return uint64(epoch)<<32 | uint64(example) }

// augment makes the training part one that is augmented, or enlarges it by copies that are.
func (r *request) augment(split *Split) error {
	if r.augmentation == (Augmentation{}) {
		if r.enlarge > 0 {
			return fmt.Errorf("enlarge=%d: say by which changes of the images, as augment=crop4+flip", r.enlarge)
		}
		return nil
	}
	s := &split.Train
	if len(s.Shape) != 3 || s.Tokens > 0 {
		return fmt.Errorf("augment=%s: examples have shape %v and are no images [channels,height,width]", r.Options["augment"], s.Shape)
	}
	if most := min(s.Shape[1], s.Shape[2]); r.augmentation.Crop > most {
		return fmt.Errorf("augment=%s: a border of %d pixels around images of %d×%d: at most %d", r.Options["augment"], r.augmentation.Crop,
			s.Shape[1], s.Shape[2], most)
	}
	if r.enlarge == 0 {
		s.Augment = r.augmentation
		return nil
	}
	if s.X.Len() > maxElements/r.enlarge || s.Len() > math.MaxInt32/r.enlarge {
		return fmt.Errorf("enlarge=%d: more than %d numbers", r.enlarge, maxElements)
	}
	*s = s.enlarged(r.augmentation, r.enlarge, r.seed)
	split.Redrawn *= r.enlarge
	return nil
}

// enlarged is a number of copies of the set, one behind the other, each image of each copy changed by itself.
func (s Set) enlarged(by Augmentation, copies int, seed uint64) Set {
	n, stream := s.Len(), random.New(seed, "enlarge")
	changes := make([]change, copies*n)
	for i := range changes {
		changes[i] = by.draw(stream.At(indexed(i/n, i%n)))
	}
	if s.Rows != nil {
		s.Rows = changedRows{s.Rows, s.Shape, changes, by, seed}
	} else {
		s.X = s.X.stored(copiesOf[byte](s, changes), copiesOf[float32](s, changes), copiesOf[float64](s, changes))
	}
	s.Y, s.Labels = slices.Repeat(s.Y, copies), slices.Repeat(s.Labels, copies)
	return s
}

// copiesOf changes stored images, of which black is 0.
func copiesOf[T Number](s Set, changes []change) func([]T) []T {
	return func(x []T) []T {
		if x == nil {
			return nil
		}
		size, n := s.Size(), s.Len()
		out := make([]T, len(changes)*size)
		for i, c := range changes {
			from := i % n * size
			changed(out[i*size:(i+1)*size], x[from:from+size], s.Shape, c, func(int) T { return 0 })
		}
		return out
	}
}

// changedRows are copies of other images, one behind the other, each of which is changed when it is read.
type changedRows struct {
	Rows
	shape   []int
	changes []change
	by      Augmentation
	seed    uint64
}

func (c changedRows) Len() int { return len(c.changes) }

func (c changedRows) ReadRow(i int, x, y []float64) error {
	image := make([]float64, len(x))
	if err := c.Rows.ReadRow(i%c.Rows.Len(), image, y); err != nil {
		return err
	}
	changed(x, image, c.shape, c.changes[i], func(int) float64 { return 0 })
	return nil
}

func (c changedRows) Identity() string {
	return fmt.Sprint(len(c.changes), c.by, c.seed, c.Rows.Identity())
}
