package data

import "fmt"

// Set is a list of N examples: inputs and their targets. X holds N × Size numbers, row-major; Y holds N class indices
// (Classes > 0) or N × Outputs regression targets (Classes == 0). The zero Set is empty.
type Set struct {
	Name    string
	Shape   []int // of one example's input, e.g. [1,28,28] or [10]
	Classes int   // number of classes, 0 for regression
	Outputs int   // regression targets an example, 0 for classification
	X       []float32
	Y       []float32
}

// Size is the number of input elements of one example, the product of Shape.
func (s Set) Size() int {
	n := 1
	for _, d := range s.Shape {
		n *= d
	}
	return n
}

// Targets is the number of elements of Y that belong to one example: 1 for classification, else Outputs.
func (s Set) Targets() int {
	if s.Classes > 0 {
		return 1
	}
	return s.Outputs
}

// Len is the number of examples.
func (s Set) Len() int {
	if t := s.Targets(); t > 0 {
		return len(s.Y) / t
	}
	return 0
}

// Example returns views of the input [Size] and the targets [Targets] of example i.
func (s Set) Example(i int) (x, y []float32) {
	n, t := s.Size(), s.Targets()
	return s.X[i*n : (i+1)*n : (i+1)*n], s.Y[i*t : (i+1)*t : (i+1)*t]
}

// Slice is the set of the examples [from, to). It shares the memory of s.
func (s Set) Slice(from, to int) Set {
	n, t := s.Size(), s.Targets()
	s.X, s.Y = s.X[from*n:to*n:to*n], s.Y[from*t:to*t:to*t]
	return s
}

// Select is a new set with copies of the given examples, in the given order.
func (s Set) Select(indices []int) Set {
	out := s
	out.X = make([]float32, 0, len(indices)*s.Size())
	out.Y = make([]float32, 0, len(indices)*s.Targets())
	for _, i := range indices {
		x, y := s.Example(i)
		out.X, out.Y = append(out.X, x...), append(out.Y, y...)
	}
	return out
}

// Split is a data set in its two parts, and what was done to it.
type Split struct {
	Train Set
	Test  Set // empty where there is none
	// Mean and Std are the numbers of the normalization x ← (x − Mean)/Std, one for each channel or feature; nil without it.
	Mean, Std []float32
	// Redrawn is the number of training labels that label noise redrew. Some drew the class they had.
	Redrawn int
	// ClassNames are the names of the classes where the source has names, sorted: class i is ClassNames[i].
	ClassNames []string
	// Notices say, a line each, what a reader did or found that its user should know.
	Notices []string
	// Weights is the w* that gaussian drew; nil for other sources.
	Weights []float32
}

const (
	maxElements = 1 << 31 // of a set: 8 GiB of float32
	maxWidth    = 1 << 20 // of one dimension that an option gives, and classes; exact in float32
)

// newSet returns a set of n examples of zeros.
func newSet(name string, shape []int, classes, outputs, n int) (Set, error) {
	s := Set{Name: name, Shape: shape, Classes: classes, Outputs: outputs}
	elements := float64(n) * float64(s.Size()+s.Targets())
	if elements > maxElements {
		return Set{}, fmt.Errorf("%d examples need %.3g bytes, more than %d: ask for fewer", n, 4*elements, 4*maxElements)
	}
	s.X, s.Y = make([]float32, n*s.Size()), make([]float32, n*s.Targets())
	return s, nil
}
