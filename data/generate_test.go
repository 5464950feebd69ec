package data

import (
	"math"
	"slices"
	"strings"
	"testing"

	"drift/data/random"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

func mustLoad(t testing.TB, spec string, o Options) *Split {
	t.Helper()
	split, err := Load(spec, o)
	if err != nil {
		t.Fatal(err)
	}
	return split
}

var generators = []string{"glyphs", "gaussian", "teacher", "teacher,classes=0,outputs=3", "glyphs,label-noise=0.3"}

func TestFewerExamplesAreAPrefixOfMore(t *testing.T) {
	for _, spec := range generators {
		few := mustLoad(t, spec+",train=20,test=10", Options{Seed: 3})
		many := mustLoad(t, spec+",train=50,test=30", Options{Seed: 3})
		for _, pair := range [][2]Set{{few.Train, many.Train}, {few.Test, many.Test}} {
			head := pair[1].Slice(0, pair[0].Len())
			if !slices.Equal(xs(pair[0]), xs(head)) || !slices.Equal(ys(pair[0]), ys(head)) {
				t.Errorf("%s: not a prefix", spec)
			}
		}
	}
}

func TestGeneratorsDependOnTheSeedAndThePart(t *testing.T) {
	for _, spec := range generators {
		one := mustLoad(t, spec+",train=20,test=20", Options{Seed: 1})
		two := mustLoad(t, spec+",train=20,test=20", Options{Seed: 2})
		asked := mustLoad(t, spec+",train=20,test=20,seed=2", Options{Seed: 1})
		if slices.Equal(xs(one.Train), xs(two.Train)) || slices.Equal(xs(one.Train), xs(one.Test)) {
			t.Errorf("%s: two streams are equal", spec)
		}
		if !slices.Equal(xs(asked.Train), xs(two.Train)) {
			t.Errorf("%s: the option seed=2 is not seed 2", spec)
		}
	}
}

// The mean and variance of 5120 · 256 pixels vary by less than a percent between seeds; images share nothing but the
// distribution, so classes and contrast dominate, and 5 % is left to them and to the rounding of the constants.
func TestGlyphsAreNormalizedByTheirDistribution(t *testing.T) {
	for _, part := range []Set{mustLoad(t, "glyphs,train=5120", Options{}).Train, mustLoad(t, "glyphs,test=5120", Options{}).Test} {
		if s := Inspect(part); math.Abs(s.Mean) > 0.05 || math.Abs(s.Std-1) > 0.05 {
			t.Errorf("mean %.3f, standard deviation %.3f, want 0 and 1", s.Mean, s.Std)
		}
	}
}

// Classes are drawn uniformly: of 2000 each has 200 ± 13.4; 5 standard deviations are allowed.
func TestGlyphsCoverAllClasses(t *testing.T) {
	for digit, n := range Inspect(mustLoad(t, "glyphs", Options{}).Train).Counts {
		if n < 133 || n > 267 {
			t.Errorf("digit %d: %d of 2000", digit, n)
		}
	}
}

func TestGlyphsStayInRange(t *testing.T) {
	for _, size := range []string{"8", "16", "33", "64"} {
		split := mustLoad(t, "glyphs,normalize=off,train=50,test=0,noise=0.5,size="+size, Options{})
		if s := Inspect(split.Train); s.Min < 0 || s.Max > 1 || s.Std == 0 {
			t.Errorf("size %s: pixels from %g to %g, standard deviation %g", size, s.Min, s.Max, s.Std)
		}
	}
}

// A class mean learned from clean images classifies most test images: the drawings carry the digit.
func TestGlyphsCanBeLearned(t *testing.T) {
	split := mustLoad(t, "glyphs,train=2000,test=500", Options{Seed: 1})
	means := make([][]float64, 10)
	for digit, n := range Inspect(split.Train).Counts {
		means[digit] = make([]float64, split.Train.Size())
		for i := range split.Train.Len() {
			if x, y := split.Train.Example(i); int(y[0]) == digit {
				for k, v := range x {
					means[digit][k] += float64(v) / float64(n)
				}
			}
		}
	}
	right := 0
	for i := range split.Test.Len() {
		x, y := split.Test.Example(i)
		score := make([]float64, 10)
		for digit, mean := range means {
			for k, v := range x {
				score[digit] -= (float64(v) - mean[k]) * (float64(v) - mean[k])
			}
		}
		if argmax(score) == int(y[0]) {
			right++
		}
	}
	if right < 250 {
		t.Errorf("%d of 500 test images are nearest to their class mean", right)
	}
}

// Least squares on n = 4000 examples of dimension 10 recovers w* up to noise/√n ≈ 0.008 a coordinate; 5 times that is
// allowed. The residuals have the noise's deviation up to 1/√(2n) ≈ 1.1 %, likewise times 5.
func TestGaussianFollowsItsModel(t *testing.T) {
	split := mustLoad(t, "gaussian,dim=10,train=4000,noise=0.5,signal=2", Options{Seed: 7})
	x, y := mat.NewDense(4000, 10, xs(split.Train)), mat.NewVecDense(4000, ys(split.Train))
	var w, residual mat.VecDense
	if err := w.SolveVec(x, y); err != nil {
		t.Fatal(err)
	}
	truth := float64s(split.Weights)
	for i, want := range truth {
		if math.Abs(w.AtVec(i)-want) > 0.04 {
			t.Errorf("w[%d] = %.3f, want %.3f", i, w.AtVec(i), want)
		}
	}
	if n := mat.Norm(mat.NewVecDense(10, truth), 2); math.Abs(n-2) > 1e-6 {
		t.Errorf("‖w*‖ = %g, want 2", n)
	}
	residual.MulVec(x, mat.NewVecDense(10, truth))
	residual.SubVec(y, &residual)
	if s := stat.StdDev(residual.RawVector().Data, nil); math.Abs(s/0.5-1) > 0.055 {
		t.Errorf("noise of deviation %.4f, want 0.5", s)
	}
}

func float32s(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

func float64s(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

func TestTeacherLabelsAreAFunctionOfTheInput(t *testing.T) {
	split := mustLoad(t, "teacher,dim=6,classes=4,hidden=8,train=100", Options{Seed: 5})
	net := newTeacher(random.New(5, "teacher weights"), 6, 8, 4)
	for i := range split.Train.Len() {
		if x, y := split.Train.Example(i); argmax(net.outputs(float32s(x))) != int(y[0]) {
			t.Fatalf("example %d has another class than the teacher's", i)
		}
	}
}

func TestLabelNoiseRedrawsAShareOfTheTrainingLabels(t *testing.T) {
	clean := mustLoad(t, "glyphs,train=4000,test=100", Options{Seed: 1})
	noisy := mustLoad(t, "glyphs,train=4000,test=100,label-noise=0.25", Options{Seed: 1})
	if !slices.Equal(ys(clean.Test), ys(noisy.Test)) || !slices.Equal(xs(clean.Train), xs(noisy.Train)) {
		t.Error("label noise changed test labels or inputs")
	}
	changed := 0
	for i := range clean.Train.Labels {
		if clean.Train.Labels[i] != noisy.Train.Labels[i] {
			changed++
		}
	}
	// Binomial: 1000 ± 27 are redrawn, and 9 of 10 redrawn ones change: 900 ± 26. 5 standard deviations are allowed.
	if n := noisy.Redrawn; n < 863 || n > 1137 {
		t.Errorf("%d of 4000 labels redrawn, want about 1000", n)
	}
	if changed < 770 || changed > 1030 {
		t.Errorf("%d of 4000 labels changed, want about 900", changed)
	}
}

func TestBadSpecsAreRefusedInOneLine(t *testing.T) {
	for spec, want := range map[string]string{
		"":                                 "no name",
		"nonsense":                         `data "nonsense": unknown data set: choose from glyphs`,
		"glyps":                            `data "glyps": unknown data set: did you mean glyphs? (choose from glyphs`,
		"sheet.csv,train=10":               `data "sheet.csv,train=10": unknown data set: did you mean csv:sheet.csv?`,
		"glyphs,":                          "want name=value",
		"glyphs,train":                     "want name=value",
		"glyphs,train=":                    "want name=value",
		"glyphs,train=10,train=20":         "given twice",
		"glyphs, train=10, train=20":       "option train is given twice",
		"glyphs,trian=10":                  "choose from train, test",
		"glyphs,train=0":                   "1 or more",
		"glyphs,train=-1":                  "1 or more",
		"glyphs,train=1e3":                 "whole number",
		"glyphs,train=99999999999999999":   "ask for fewer",
		"glyphs,test=-1":                   "0 or more",
		"glyphs,size=0":                    "from 8 to 64",
		"glyphs,noise=NaN":                 "from 0 to 1",
		"glyphs,label-noise=1.5":           "from 0 to 1",
		"glyphs,label-noise=NaN":           "from 0 to 1",
		"glyphs,normalize=maybe":           "on or off",
		"glyphs,seed=-3":                   "0 or more",
		"glyphs:file":                      "want glyphs",
		"gaussian,label-noise=0.1":         "needs classes",
		"gaussian,dim=1000000000":          "from 1 to",
		"gaussian,dim=1000000,train=10000": "ask for fewer",
		"gaussian,noise=inf":               "a number from",
		"teacher,dim=1000000,hidden=10000": "weights",
		"teacher,outputs=3":                "classes=0",
		"npz":                              "npz:FILE",
		"npy:x.npy":                        "add y=FILE",
		"teacher,classes=0,label-noise=1":  "needs classes",
	} {
		_, err := Load(spec, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got error %v, want one line with %q", spec, err, want)
		}
	}
}
