package data

import "slices"

// Set is a list of N examples: inputs and their targets. X holds N × Size numbers, row-major; with Classes > 0, Labels holds N ×
// Targets classes, else Y holds N × Outputs quantities. The zero Set is empty.
type Set struct {
	Name      string
	Shape     []int // of one example's input, e.g. [1,28,28] or [10]
	Tokens    int   // above 0: inputs are whole numbers below it, ids of tokens
	Classes   int   // number of classes, 0 for regression
	Positions int   // labels of an example where there are several, as of a text: each a class, or NoLabel
	Outputs   int   // regression targets an example, 0 for classification
	X         Values
	Y         []float64
	Labels    []int32
	Augment   Augmentation // of the images in training
	// Rows are in the place of the numbers of X: examples that are read when they are wanted. X then says what becomes of those that are
	// read, as scale and normalization, and Labels or Y may be in memory all the same.
	Rows Rows
}

// NoLabel is the label of a position that a loss leaves out (PyTorch's ignore_index).
const NoLabel = -100

// Size is the number of input elements of one example, the product of Shape.
func (s Set) Size() int {
	n := 1
	for _, d := range s.Shape {
		n *= d
	}
	return n
}

// Targets is the number of targets of one example: Positions or 1 for classification, else Outputs.
func (s Set) Targets() int {
	if s.Classes > 0 {
		return max(s.Positions, 1)
	}
	return s.Outputs
}

// Len is the number of examples.
func (s Set) Len() int {
	if s.Rows != nil {
		return s.Rows.Len()
	}
	if s.Classes > 0 {
		return len(s.Labels) / s.Targets()
	}
	if s.Outputs > 0 {
		return len(s.Y) / s.Outputs
	}
	return 0
}

// Example returns copies of the input [Size] and the targets [Targets] of example i, of a set in memory.
func (s Set) Example(i int) (x, y []float64) {
	x, y = make([]float64, s.Size()), make([]float64, s.Targets())
	read(s.X, i*len(x), x)
	s.targets(i*len(y), func(k int, v float64) { y[k] = v }, len(y))
	return x, y
}

// targets passes on count targets from place from on.
func (s Set) targets(from int, each func(k int, v float64), count int) {
	for k := range count {
		if s.Classes > 0 {
			each(k, float64(s.Labels[from+k]))
		} else {
			each(k, s.Y[from+k])
		}
	}
}

// ReadInputs copies inputs into dst, whole examples from example from on. It fails where one does not fit the type T.
func ReadInputs[T Float](s Set, from int, dst []T) error {
	at := from * s.Size()
	if s.Rows != nil {
		return s.readRows(from, len(dst)/s.Size(), func(i int, x []float64) {
			for k, v := range x {
				dst[i*len(x)+k] = T(v)
			}
		})
	}
	read(s.X, at, dst)
	if i, found := tooLarge(dst); found {
		return s.unfit("input", (at+i)/s.Size(), s.X.At(at+i))
	}
	return nil
}

// ReadTargets copies targets into dst, classes or quantities, whole examples from example from on. It fails where one does not fit
// the type T.
func ReadTargets[T Float](s Set, from int, dst []T) error {
	at := from * s.Targets()
	s.targets(at, func(k int, v float64) { dst[k] = T(v) }, len(dst))
	if i, found := tooLarge(dst); found {
		return s.unfit("target", (at+i)/s.Targets(), s.Y[at+i])
	}
	return nil
}

// Slice is the set of the examples [from, to). It shares the memory of s.
func (s Set) Slice(from, to int) Set {
	if s.Rows != nil {
		s.Rows = runOfRows{s.Rows, from, to}
	} else {
		n := s.Size()
		s.X = s.X.slice(from*n, to*n)
	}
	s.Y = cut[float64](from*s.Outputs, to*s.Outputs)(s.Y)
	s.Labels = cut[int32](from*s.Targets(), to*s.Targets())(s.Labels)
	return s
}

// empty is the set without its examples.
func (s Set) empty() Set {
	s.X, s.Y, s.Labels, s.Rows = Values{}, nil, nil, nil
	return s
}

// Select is a new set with copies of the given examples, in the given order.
func (s Set) Select(indices []int) Set {
	if s.Rows != nil {
		s.Rows = choose(s.Rows, indices)
	} else {
		s.X = s.X.rows(indices, s.Size())
	}
	s.Y = pick[float64](indices, s.Outputs)(s.Y)
	s.Labels = pick[int32](indices, s.Targets())(s.Labels)
	return s
}

// Concat is a new set with the examples of s and then those of t, a set of the same kind.
func (s Set) Concat(t Set) Set {
	if t.Len() == 0 {
		return s
	}
	s.X, s.Y, s.Labels = s.X.concat(t.X), slices.Concat(s.Y, t.Y), slices.Concat(s.Labels, t.Labels)
	return s
}

// checkFinite reports the first example that holds a NaN or an infinity.
func (s Set) checkFinite() error {
	if s.X.bytes == nil {
		for i, x := range s.X.all() {
			if x-x != 0 {
				return s.unfit("input", i/s.Size(), x)
			}
		}
	}
	if i, found := tooLarge(s.Y); found {
		return s.unfit("target", i/s.Targets(), s.Y[i])
	}
	return nil
}

// Split is a data set in its two parts, and what was done to it.
type Split struct {
	Train Set
	Test  Set // empty where there is none
	Valid Set // for choices made along the way, as when to stop; empty where there is none
	// Mean and Std are the numbers of the normalization x ← (x − Mean)/Std, one for each channel or feature; nil without it.
	Mean, Std []float64
	// Redrawn is the number of training labels that label noise redrew, in all copies of an enlarged set. Some drew the class they had.
	Redrawn int
	// ClassNames are the names of the classes where the source has names, sorted: class i is ClassNames[i].
	ClassNames []string
	// Alphabet is what tokens stand for in text; nil where that is not known.
	Alphabet *Alphabet
	// Notices say, a line each, what a reader did or found that its user should know.
	Notices []string
	// Weights is the w* that gaussian drew; nil for other sources.
	Weights []float32
}

const (
	maxElements = 1 << 31 // of a set in memory: 8 GiB of float32
	maxStored   = 1 << 48 // of a file that is read piece by piece
	maxWidth    = 1 << 20 // of one dimension that an option gives, and classes
)
