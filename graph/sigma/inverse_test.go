package sigma

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// approximations are how each inverse approximates Σ, on full matrices.
var approximations = map[string]struct {
	build func(f *objective.Objective) (Inverse, error)
	sigma func(sigma *mat.SymDense) *mat.SymDense
}{
	"gram": {
		func(f *objective.Objective) (Inverse, error) { return NewGramInverse(f) },
		func(sigma *mat.SymDense) *mat.SymDense { return sigma },
	},
	"diagonal": {
		func(f *objective.Objective) (Inverse, error) { return NewDiagonalInverse(f, 0) },
		func(sigma *mat.SymDense) *mat.SymDense {
			d := mat.NewSymDense(sigma.SymmetricDim(), nil)
			for i := range sigma.SymmetricDim() {
				d.SetSym(i, i, sigma.At(i, i))
			}
			return d
		},
	},
	"lowrank": {
		func(f *objective.Objective) (Inverse, error) {
			return NewLowRankInverse(f, LowRank{Rank: 4, Refresh: 3, Window: few})
		},
		func(sigma *mat.SymDense) *mat.SymDense { return leadingPart(sigma, 4) },
	},
	"lowrank beyond the examples": {
		func(f *objective.Objective) (Inverse, error) {
			return NewLowRankInverse(f, LowRank{Rank: few + 5, Refresh: 1, Window: few})
		},
		func(sigma *mat.SymDense) *mat.SymDense { return sigma },
	},
}

// leadingPart keeps k eigenpairs and the mean of the other eigenvalues.
func leadingPart(sigma *mat.SymDense, k int) *mat.SymDense {
	pairs, _ := Solve(sigma, k)
	p := sigma.SymmetricDim()
	rest := (mat.Trace(sigma) - floats.Sum(values(pairs))) / float64(p-k)
	out := mat.NewSymDense(p, nil)
	for i := range p {
		out.SetSym(i, i, rest)
	}
	for _, pair := range pairs {
		out.SymRankOne(out, pair.Value-rest, mat.NewVecDense(p, pair.Vector))
	}
	return out
}

// solve is (Σ+δI)⁻¹ḡ by a dense factorization.
func solve(t testing.TB, sigma *mat.SymDense, delta float64, mean []float64) []float64 {
	t.Helper()
	p := len(mean)
	damped := mat.NewSymDense(p, nil)
	damped.CopySym(sigma)
	for i := range p {
		damped.SetSym(i, i, damped.At(i, i)+delta)
	}
	var chol mat.Cholesky
	if !chol.Factorize(damped) {
		t.Fatal("the reference is not positive definite")
	}
	x := mat.NewVecDense(p, nil)
	must(t, chol.SolveVecTo(x, mat.NewVecDense(p, mean)))
	return x.RawVector().Data
}

// conditionOf is that of Σ+δI.
func conditionOf(sigma *mat.SymDense, delta float64) float64 {
	pairs, _ := Solve(sigma, sigma.SymmetricDim())
	return (pairs[0].Value + delta) / (math.Max(0, pairs[len(pairs)-1].Value) + delta)
}

func TestInversesEqualDenseOnes(t *testing.T) {
	allCases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		sigma, mean := dense(rows(t, f, examples))
		trace, p := mat.Trace(sigma), len(mean)
		value, err := f.Evaluate(examples)
		must(t, err)
		x, err := f.NewVector()
		must(t, err)
		defer x.Free()
		for name, a := range approximations {
			for _, damping := range devicetest.Some(1, Damping{Value: 0.1, Relative: true}, Damping{Value: 0.01}) {
				inverse, err := a.build(f)
				must(t, err)
				found := mustSolve(t, inverse, examples, damping, x)
				delta := damping.Delta(trace, p)
				want, got := solve(t, a.sigma(sigma), delta, mean), make([]float64, p)
				must(t, x.Read(got))
				near(t, name, got, want, 1e-8)
				r, err := inverse.Report()
				must(t, err)
				near(t, name+"'s report", []float64{r.Trace, r.Delta, r.Descent}, []float64{trace, delta, floats.Dot(mean, want)}, 1e-9)
				condition, err := inverse.Condition()
				must(t, err)
				if want := conditionOf(a.sigma(sigma), delta); math.Abs(condition-want) > 2e-3*want {
					t.Errorf("%s: condition %v, want %v", name, condition, want)
				}
				measured := make([]float64, 2)
				must(t, found.Buffer().Read(measured))
				near(t, name+"'s loss", measured, []float64{value.Loss, value.Accuracy}, 1e-12)
				inverse.Close()
			}
		}
	})
}

// Another inverse of the same kind goes on from what one saved, with the same bits.
func TestInversesResume(t *testing.T) {
	build := map[string]func(f *objective.Objective) (Inverse, error){
		"running diagonal": func(f *objective.Objective) (Inverse, error) { return NewDiagonalInverse(f, 0.9) },
		"running window": func(f *objective.Objective) (Inverse, error) {
			return NewLowRankInverse(f, LowRank{Rank: 3, Refresh: 1, Window: 70, Average: 0.5, Seed: 9})
		},
		"running factors": func(f *objective.Objective) (Inverse, error) { return NewKroneckerInverse(f, 0.9, 2) },
	}
	for name, a := range approximations {
		build[name] = a.build
	}
	for name, b := range build {
		f := open(t, networks["dense"], noise(few), chunked, kernels.Float32)
		x, err := f.NewVector()
		must(t, err)
		batches := [][]int{{1, 2, 3, 4}, {5, 6, 7, 8, 9, 10, 11, 12, 13}, {0, 21}, {3, 4, 17}}
		first, err := b(f)
		must(t, err)
		for _, batch := range batches[:2] {
			mustSolve(t, first, batch, Damping{Value: 0.1}, x)
		}
		saved := recorded{values: map[string][]float64{}}
		first.State(saved)
		second, err := b(f)
		must(t, err)
		saved.set = true
		second.State(saved)
		for _, batch := range batches[2:] {
			var got [2][]float64
			for k, inverse := range []Inverse{first, second} {
				mustSolve(t, inverse, batch, Damping{Value: 0.1}, x)
				got[k] = make([]float64, x.Len())
				must(t, x.Read(got[k]))
			}
			near(t, name, got[1], got[0], 0)
		}
		first.Close()
		second.Close()
	}
}

func TestRunningDiagonal(t *testing.T) {
	f := open(t, networks["norm"], noise(few), chunked, kernels.Float64)
	inverse, err := NewDiagonalInverse(f, 0.75)
	must(t, err)
	defer inverse.Close()
	x, err := f.NewVector()
	must(t, err)
	sum := make([]float64, x.Len())
	for step, batch := range [][]int{{0, 1, 2}, {3, 4, 5, 6}, {7, 8, 9, 10, 11, 12, 13, 14, 15, 16}} {
		mustSolve(t, inverse, batch, Damping{Value: 0.02}, x)
		sigma, mean := dense(rows(t, f, batch))
		got, want := make([]float64, x.Len()), make([]float64, x.Len())
		must(t, x.Read(got))
		for i := range want {
			sum[i] = 0.75*sum[i] + 0.25*sigma.At(i, i)
			want[i] = mean[i] / (sum[i]/(1-math.Pow(0.75, float64(step+1))) + 0.02)
		}
		near(t, "running diagonal", got, want, 1e-9)
	}
}

// In float32 solutions agree with those in float64 to what the roundings of Σ, amplified by its condition, leave.
func TestInversesInFloat32(t *testing.T) {
	for name, a := range approximations {
		var got [2][]float64
		for k, dtype := range []kernels.DType{kernels.Float64, kernels.Float32} {
			f := open(t, networks["conv"], noise(few), chunked, dtype)
			x, err := f.NewVector()
			must(t, err)
			inverse, err := a.build(f)
			must(t, err)
			mustSolve(t, inverse, f.All(objective.Train), Damping{Value: 1, Relative: true}, x)
			got[k] = make([]float64, x.Len())
			must(t, x.Read(got[k]))
			inverse.Close()
		}
		near(t, name, got[1], got[0], 1e-4)
	}
}

// Examples that are all the same have no Σ to measure damping by: that is a breakdown of the numbers, which ends one run of a search.
func TestNoSpreadIsAnError(t *testing.T) {
	for name, build := range map[string]func(f *objective.Objective) (Inverse, error){
		"gram": approximations["gram"].build, "lowrank": approximations["lowrank"].build, "diagonal": approximations["diagonal"].build,
		"kronecker": func(f *objective.Objective) (Inverse, error) { return NewKroneckerInverse(f, 0, 1) },
	} {
		for _, dtype := range []kernels.DType{kernels.Float32, kernels.Float64} {
			f := open(t, networks["conv"], noise(few), chunked, dtype)
			x, err := f.NewVector()
			must(t, err)
			inverse, err := build(f)
			must(t, err)
			for n := 2; n < 15; n++ {
				_, err = inverse.Solve(slices.Repeat([]int{5}, n), Damping{Value: 0.1, Relative: true}, x)
				var broken ErrNumerical
				if !errors.As(err, &broken) || !strings.Contains(err.Error(), "all the same") {
					t.Errorf("%s, %v, %d examples: %v", name, dtype, n, err)
				}
			}
			inverse.Close()
		}
	}
}

// Where θ is not finite, no damping helps.
func TestParametersThatAreNotFiniteAreAnError(t *testing.T) {
	for _, name := range []string{"gram", "lowrank"} {
		f := open(t, networks["dense"], noise(few), chunked, kernels.Float64)
		x, err := f.NewVector()
		must(t, err)
		var broken ErrNumerical
		nan := make([]float64, x.Len())
		nan[0] = math.NaN()
		must(t, f.Parameters().Write(nan))
		lost, err := approximations[name].build(f)
		must(t, err)
		defer lost.Close()
		if _, err := lost.Solve([]int{1, 2, 3, 4}, Damping{Value: 1}, x); !errors.As(err, &broken) || strings.Contains(err.Error(), "larger") {
			t.Errorf("%s of NaN: %v", name, err)
		}
	}
}

func TestInversesRefuseWhatHasNone(t *testing.T) {
	f := open(t, networks["dense"], noise(few), chunked, kernels.Float64)
	x, err := f.NewVector()
	must(t, err)
	inverse, err := NewGramInverse(f)
	must(t, err)
	defer inverse.Close()
	if _, err := inverse.Solve([]int{1, 2, 3}, Damping{}, x); err == nil {
		t.Error("no damping: accepted")
	}
	if _, err := inverse.Solve([]int{1}, Damping{Value: 1}, x); err == nil {
		t.Error("one example: accepted")
	}
	if _, err := NewLowRankInverse(f, LowRank{Refresh: 1, Window: few}); err == nil {
		t.Error("rank 0: accepted")
	}
}

func mustSolve(t testing.TB, i Inverse, batch []int, d Damping, into kernels.Buffer) objective.Measured {
	t.Helper()
	measured, err := i.Solve(batch, d, into)
	must(t, err)
	return measured
}
