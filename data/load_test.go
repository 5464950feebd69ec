package data

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// wantError checks that an error is one line with the given words.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with %q", err, want)
	}
}

func TestHeldOutExamplesAreARandomPartOfTheWhole(t *testing.T) {
	var table strings.Builder
	for i := range 100 {
		fmt.Fprintf(&table, "%d,%d\n", i, i%2)
	}
	spec := "csv:" + write(t, "a.csv", []byte(table.String()))
	whole := mustLoad(t, spec, Options{})
	if whole.Test.Len() != 0 || whole.Train.Len() != 100 {
		t.Fatalf("%d + %d examples without test=", whole.Train.Len(), whole.Test.Len())
	}
	split := mustLoad(t, spec+",test=30", Options{Seed: 1})
	if !slices.IsSorted(split.Train.X) || !slices.IsSorted(split.Test.X) || slices.Max(split.Test.X) < 50 || slices.Min(split.Test.X) > 50 {
		t.Errorf("held out %v", split.Test.X)
	}
	all := slices.Sorted(slices.Values(slices.Concat(split.Train.X, split.Test.X)))
	if split.Test.Len() != 30 || !slices.Equal(all, whole.Train.X) {
		t.Errorf("%d + %d examples are not a partition", split.Train.Len(), split.Test.Len())
	}
	for i, x := range split.Test.X {
		if int(x)%2 != int(split.Test.Y[i]) {
			t.Error("a held-out example has lost its label")
		}
	}
	same, other := mustLoad(t, spec+",test=30", Options{Seed: 1}), mustLoad(t, spec+",test=30,train=10", Options{Seed: 2})
	if !slices.Equal(same.Test.X, split.Test.X) || slices.Equal(other.Test.X, split.Test.X) || other.Train.Len() != 10 {
		t.Error("what is held out is not fixed by the seed")
	}
}

func TestNormalizeUsesTheTrainingPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SampledFrom([][]int{{3}, {2, 2, 2}, {2, 3}}).Draw(t, "shape")
		s := Set{Shape: shape, Outputs: 1}
		n := rapid.IntRange(2, 10).Draw(t, "n")
		s.X = rapid.SliceOfN(rapid.Float32Range(-100, 100), n*s.Size(), n*s.Size()).Draw(t, "x")
		s.Y = make([]float32, n)
		mean, std := moments(s)
		original := slices.Clone(s.X)
		s.normalize(mean, std)
		again, unit := moments(s)
		for g := range mean {
			// float32 rounding of values up to 200 standard deviations from 0, and a constant group's deviation is left at 1
			if math.Abs(float64(again[g])) > 1e-4*(1+math.Abs(float64(mean[g]/std[g]))) || unit[g] != 1 && math.Abs(float64(unit[g]-1)) > 1e-3 && std[g] > 1e-2 {
				t.Fatalf("group %d has mean %g and deviation %g after (x − %g)/%g", g, again[g], unit[g], mean[g], std[g])
			}
		}
		run := s.Size() / s.groups()
		for i, x := range s.X {
			g := i / run % s.groups()
			if want := float32((float64(original[i]) - float64(mean[g])) / float64(std[g])); x != want {
				t.Fatalf("element %d is %g, want %g", i, x, want)
			}
		}
	})
}

// A constant has no deviation to divide by, whatever its sum rounds to: a test example that differs a little keeps its size.
func TestConstantsAreNotBlownUp(t *testing.T) {
	s := Set{Shape: []int{2}, Outputs: 1, Y: make([]float32, 1000)}
	for range s.Y {
		s.X = append(s.X, 0.1, 1234.567)
	}
	if mean, std := moments(s); mean[0] != 0.1 || mean[1] != 1234.567 || std[0] != 1 || std[1] != 1 {
		t.Errorf("constants 0.1 and 1234.567 have means %v and deviations %v", mean, std)
	}
	if got := Inspect(s); got.TargetStd != 0 {
		t.Errorf("constant targets have deviation %v", got.TargetStd)
	}
}

func TestNormalizedSourcesOffAndOn(t *testing.T) {
	path := write(t, "a.csv", []byte("0,7,0\n2,7,1\n"))
	if raw := mustLoad(t, "csv:"+path, Options{}); raw.Mean != nil || !slices.Equal(raw.Train.X, []float32{0, 7, 2, 7}) {
		t.Errorf("files are normalized unasked: %v", raw.Train.X)
	}
	on := mustLoad(t, "csv:"+path+",normalize=on", Options{})
	if !slices.Equal(on.Train.X, []float32{-1, 0, 1, 0}) || !slices.Equal(on.Mean, []float32{1, 7}) || !slices.Equal(on.Std, []float32{1, 1}) {
		t.Errorf("%v by mean %v and standard deviation %v", on.Train.X, on.Mean, on.Std)
	}
}

func TestSelectAndSlice(t *testing.T) {
	s := Set{Shape: []int{2}, Outputs: 1, X: []float32{0, 1, 2, 3, 4, 5}, Y: []float32{6, 7, 8}}
	if got := s.Select([]int{2, 0, 2}); !slices.Equal(got.X, []float32{4, 5, 0, 1, 4, 5}) || !slices.Equal(got.Y, []float32{8, 6, 8}) {
		t.Errorf("Select: %+v", got)
	}
	part := s.Slice(1, 3)
	if !slices.Equal(part.X, s.X[2:]) || !slices.Equal(part.Y, s.Y[1:]) || part.Len() != 2 {
		t.Errorf("Slice: %+v", part)
	}
	part.X[0] = 9
	if s.X[2] != 9 {
		t.Error("Slice copies")
	}
	if (Set{}).Len() != 0 || Inspect(Set{}).Examples != 0 {
		t.Error("the zero Set is not empty")
	}
}

func TestInspect(t *testing.T) {
	got := Inspect(Set{Name: "n", Shape: []int{2}, Classes: 3, X: []float32{1, 2, 3, 6}, Y: []float32{2, 0}})
	if got.Examples != 2 || got.Mean != 3 || got.Std != math.Sqrt(3.5) || got.Min != 1 || got.Max != 6 ||
		!slices.Equal(got.Counts, []int{1, 0, 1}) || got.TargetMean != 1 || got.TargetStd != 1 {
		t.Errorf("%+v", got)
	}
}

func TestSourcesAreDocumented(t *testing.T) {
	for _, s := range Sources() {
		if s.Name == "" || s.About == "" || s.load == nil {
			t.Errorf("%+v", s)
		}
		for _, o := range append(CommonOptions(), s.Options...) {
			if o.Name == "" || o.Default == "" || o.About == "" {
				t.Errorf("%s: option %+v", s.Name, o)
			}
		}
	}
}

// What the documentation of an option calls its default is what leaving the option out means.
func TestDocumentedDefaults(t *testing.T) {
	for _, s := range []Source{glyphsSource(), gaussianSource(), teacherSource()} {
		spec := s.Name
		for _, o := range s.Options {
			spec += "," + o.Name + "=" + o.Default
		}
		said, left := mustLoad(t, spec, Options{}), mustLoad(t, s.Name, Options{})
		if !slices.Equal(said.Train.X, left.Train.X) || !slices.Equal(said.Test.Y, left.Test.Y) {
			t.Errorf("%s differs from %s", spec, s.Name)
		}
	}
}

func FuzzSpec(f *testing.F) {
	for _, spec := range []string{"glyphs,train=5,test=0", "gaussian,dim=3,train=2", "npz:", "teacher,classes=0,train=1", ",,=", "csv:,label=="} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		parsed, err := ParseSpec(spec)
		if err != nil {
			return
		}
		// Small counts only: what a generator is asked for, it makes.
		for _, key := range []string{"train", "test", "dim", "hidden", "classes", "outputs"} {
			if len(parsed.Options[key]) > 2 {
				return
			}
		}
		for _, key := range []string{"train", "test"} {
			if _, given := parsed.Options[key]; !given {
				spec += "," + key + "=3"
			}
		}
		if split, err := Load(spec, Options{}); err == nil {
			checkSplit(t, split)
		}
	})
}
