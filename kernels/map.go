package kernels

// Instr is one step of a Map: value len(inputs)+k of the program is Fn applied to earlier values X and Y.
type Instr struct {
	Fn   Fn
	X, Y uint8
	Imm  float64
}

// Access says which element of an input belongs to index i of a Map with N indices seen as [·,B,C]:
// element (i/(B·C))·C + i mod C, that is, the input has shape [N/(B·C), C] and is repeated B times along the middle axis.
//
//	{1, C}  every element in turn (whatever C is)
//	{B, 1}  one element for B indices in a row: a value per row of B columns
//	{N/C, C} a row of C elements for all rows: a bias
//	{N, 1}  one element for all: a scalar
type Access struct{ B, C int }

// Full reports whether index i reads element i.
func (a Access) Full() bool { return a.B == 1 }

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

// Reduce is out[a,c] = Σ_b e[a,b,c] over a fused chain e of N = A·B·C indices with one result. With Max it is the largest element,
// NaN if there is one. Sums in float32 are accumulated so that their error does not grow with B beyond a few ulp of Σ|e|:
// in blocks whose partial sums are added in float64 or pairwise. The order of additions depends on sizes only, never on the
// number of threads. Outputs [out] of A·C elements, inputs those of Map.
type Reduce struct {
	A, B, C int
	Max     bool
	Map     Map
}
