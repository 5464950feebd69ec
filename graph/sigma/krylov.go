package sigma

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"drift/data/random"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

var errNotFinite = ErrNumerical{errors.New("the operator gives values that are not finite")}

// krylov is an orthonormal basis v with A·v = v·h + next·β·eᵀ, where e is the last unit vector.
type krylov struct {
	a      Operator
	m      int // most vectors in the basis
	v      [][]float64
	h      *mat.SymDense // vᵀ A v, in its leading corner
	next   []float64
	beta   float64
	random *rand.Rand
}

func newKrylov(a Operator, m int, random *rand.Rand) *krylov {
	return &krylov{a: a, m: m, h: mat.NewSymDense(m, nil), random: random}
}

// starts is the random numbers that iterations start from.
func starts(seed uint64) *rand.Rand { return random.New(seed, "lanczos").Rand }

// begin takes the first vector, a random one where none is given.
func (l *krylov) begin(start []float64) {
	l.next = make([]float64, l.a.Dim())
	if copy(l.next, start) == 0 || floats.Norm(l.next, 2) == 0 {
		l.draw()
	}
	floats.Scale(1/floats.Norm(l.next, 2), l.next)
}

func (l *krylov) draw() {
	for i := range l.next {
		l.next[i] = l.random.NormFloat64()
	}
}

// extend takes next into the basis and finds the one after it.
func (l *krylov) extend() error {
	v, j := l.next, len(l.v)
	w := make([]float64, len(v))
	if err := l.a.Apply(w, v); err != nil {
		return err
	}
	length := floats.Norm(w, 2)
	if math.IsNaN(length) || math.IsInf(length, 0) {
		return errNotFinite
	}
	l.v, l.next = append(l.v, v), w
	for i, h := range l.orthogonalize() {
		l.h.SetSym(i, j, h)
	}
	l.beta = floats.Norm(w, 2)
	if l.beta <= 1e-14*length || length == 0 { // an invariant subspace: go on with a fresh vector
		l.beta = 0
		if len(l.v) < len(v) {
			l.draw()
			l.orthogonalize()
		}
	}
	if norm := floats.Norm(l.next, 2); norm > 0 {
		floats.Scale(1/norm, l.next)
	}
	return nil
}

// orthogonalize takes the basis out of next, twice because once leaves rounding behind, and returns the coefficients.
func (l *krylov) orthogonalize() []float64 {
	coefficients := make([]float64, len(l.v))
	for range 2 {
		for i, v := range l.v {
			c := floats.Dot(v, l.next)
			coefficients[i] += c
			floats.AddScaled(l.next, -c, v)
		}
	}
	return coefficients
}

// ritz is the eigenpairs of h in descending order with the norms of their residuals.
type ritz struct {
	values    []float64
	y         *mat.Dense
	residuals []float64
}

func (l *krylov) ritz() (ritz, error) {
	j := len(l.v)
	var e mat.EigenSym
	if !e.Factorize(l.h.SliceSym(0, j), true) {
		return ritz{}, fmt.Errorf("eigenpairs: those of a %d×%d projection were not found", j, j)
	}
	var y mat.Dense
	e.VectorsTo(&y)
	r := ritz{make([]float64, j), mat.NewDense(j, j, nil), make([]float64, j)}
	for c, value := range e.Values(nil) {
		to := j - 1 - c
		r.values[to], r.residuals[to] = value, math.Abs(l.beta*y.At(j-1, c))
		for i := range j {
			r.y.Set(i, to, y.At(i, c))
		}
	}
	return r, nil
}

// residual is the largest of the first k, relative to the largest value in magnitude; 0 where all are 0.
func (r ritz) residual(k int) float64 {
	worst := slices.Max(r.residuals[:k])
	if worst == 0 {
		return 0
	}
	return worst / math.Max(math.Abs(r.values[0]), math.Abs(r.values[len(r.values)-1]))
}

// vector is Ritz vector c.
func (r ritz) vector(l *krylov, c int) []float64 {
	u := make([]float64, len(l.next))
	for i, v := range l.v {
		floats.AddScaled(u, r.y.At(i, c), v)
	}
	return u
}

func (r ritz) pairs(l *krylov, k int) []Pair {
	pairs := make([]Pair, k)
	for c := range pairs {
		pairs[c] = Pair{r.values[c], r.vector(l, c), r.residuals[c]}
	}
	return pairs
}

// restart keeps the Ritz vectors of the k largest values and half of the others.
func (l *krylov) restart(r ritz, k int) {
	keep := min(k+(l.m-k)/2, l.m-1)
	v := make([][]float64, keep, l.m)
	l.h.Zero()
	for c := range v {
		v[c] = r.vector(l, c)
		l.h.SetSym(c, c, r.values[c])
	}
	l.v = v
}
