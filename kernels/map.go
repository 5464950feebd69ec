package kernels

// Instr is one step of a Map: value len(inputs)+k of the program is Fn applied to earlier values X and Y.
type Instr struct {
	Fn   Fn
	X, Y uint8
	Imm  float64
}

// Access says which element of an input belongs to index i of a Map with N indices seen as [·,B,C,D]:
// element (i/(B·C·D))·C + (i/D) mod C, that is, the input has shape [N/(B·C·D), C], is repeated B times along the second axis, and each
// element D times along the last. D = 0 stands for 1.
//
//	{1, C}  every element in turn (whatever C is)
//	{B, 1}  one element for B indices in a row: a value per row of B columns
//	{N/C, C} a row of C elements for all rows: a bias
//	{N, 1}  one element for all: a scalar
//	{N/(C·D), C, D} an element for each of C channels of D indices: a channel's scale
type Access struct{ B, C, D int }

// Each is D, at least 1.
func (a Access) Each() int { return max(1, a.D) }

// Full reports whether index i reads element i.
func (a Access) Full() bool { return a.B == 1 && a.Each() == 1 }

// Period is the indices after which the next C elements are read.
func (a Access) Period() int { return a.B * a.C * a.Each() }

// Run is how many indices in a row read the same element.
func (a Access) Run() int {
	if a.C == 1 {
		return a.B * a.Each()
	}
	return a.Each()
}

// Element is the one that index i reads.
func (a Access) Element(i int) int { return i/a.Period()*a.C + i/a.Each()%a.C }

// Len is the number of elements of an input that n indices read.
func (a Access) Len(n int) int { return n / (a.B * a.Each()) }

// Within reports whether the indices of each of the equal parts of a number of indices read a part of the input to themselves.
func (a Access) Within(part int) bool { return a.Full() || part%a.Period() == 0 }

// After is the access of what is read through an inner one, from which the elements that a reads are made: no is reported where none
// says so.
func (a Access) After(inner Access) (all Access, ok bool) {
	switch {
	case inner.Full():
		return a, true
	case a.Full():
		return inner, true
	case a.C == 1: // all within a run
		return Access{B: inner.B, C: inner.C, D: inner.Each() * a.Run()}.plain(), true
	case inner.C == 1 && a.C%inner.Run() == 0: // a row of runs
		return Access{B: a.B, C: a.C / inner.Run(), D: inner.Run() * a.Each()}.plain(), true
	case inner.Each() == 1 && a.C == inner.C && a.Each() == 1: // rows of rows
		return Access{B: a.B * inner.B, C: a.C}, true
	}
	return Access{}, false
}

// plain writes runs that repeat no further without D.
func (a Access) plain() Access {
	if a.B == 1 || a.C == 1 {
		return Access{B: a.B * a.Each(), C: 1}
	}
	return a
}

// MaxMapValues bounds the values (inputs and instructions together) of one Map.
const MaxMapValues = 64

// Map is a fused chain of elementwise functions over N indices: the values of a program are its inputs (value k is input k,
// read through Access[k]) followed by one value for each instruction. Value Results[k] is written to output k.
// An output may be the same memory as an input with full access. Outputs of N elements each, inputs as Access tells.
type Map struct {
	N       int
	Access  []Access
	Code    []Instr
	Results []uint8
}

// Then adds an instruction and gives its value.
func (m *Map) Then(fn Fn, x, y uint8, imm float64) uint8 {
	m.Code = append(m.Code, Instr{Fn: fn, X: x, Y: y, Imm: imm})
	return uint8(len(m.Access) + len(m.Code) - 1)
}

// Reduce is out[a,c] = Σ_b e[a,b,c] over a fused chain of N = A·B·C indices, whose first result is e. Further results are stored, as
// those of a Map are, and may be the same memory as an input in the same way. With Max it is the largest element,
// NaN if there is one. Sums in float32 are accumulated so that their error does not grow with B beyond a few ulp of Σ|e|:
// in blocks whose partial sums are added in float64 or pairwise. The order of additions depends on sizes only, never on the
// number of threads. Outputs [out] of A·C elements and the further results of N each, inputs those of Map.
type Reduce struct {
	A, B, C int
	Max     bool
	Map     Map
}
