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
	held := xs(split.Test)
	if !slices.IsSorted(xs(split.Train)) || !slices.IsSorted(held) || slices.Max(held) < 50 || slices.Min(held) > 50 {
		t.Errorf("held out %v", held)
	}
	all := slices.Sorted(slices.Values(slices.Concat(xs(split.Train), held)))
	if split.Test.Len() != 30 || !slices.Equal(all, xs(whole.Train)) {
		t.Errorf("%d + %d examples are not a partition", split.Train.Len(), split.Test.Len())
	}
	for i, x := range held {
		if int(x)%2 != int(split.Test.Labels[i]) {
			t.Error("a held-out example has lost its label")
		}
	}
	same, other := mustLoad(t, spec+",test=30", Options{Seed: 1}), mustLoad(t, spec+",test=30,train=10", Options{Seed: 2})
	if !slices.Equal(xs(same.Test), held) || slices.Equal(xs(other.Test), held) || other.Train.Len() != 10 {
		t.Error("what is held out is not fixed by the seed")
	}
}

func TestNormalizeUsesTheTrainingPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SampledFrom([][]int{{3}, {2, 2, 2}, {2, 3}}).Draw(t, "shape")
		s := Set{Shape: shape, Outputs: 1}
		n := rapid.IntRange(2, 10).Draw(t, "n")
		original := rapid.SliceOfN(rapid.Float64Range(-100, 100), n*s.Size(), n*s.Size()).Draw(t, "x")
		s.X, s.Y = ValuesOf(original), make([]float64, n)
		mean, std, _ := moments(s)
		s.normalize(mean, std)
		again, unit, _ := moments(s)
		for g := range mean {
			// float64 rounding of values up to 1e13 standard deviations from 0, and a constant group's deviation is left at 1
			if math.Abs(again[g]) > 1e-13*(1+math.Abs(mean[g]/std[g])) || unit[g] != 1 && math.Abs(unit[g]-1) > 1e-9 && std[g] > 1e-4 {
				t.Fatalf("group %d has mean %g and deviation %g after (x − %g)/%g", g, again[g], unit[g], mean[g], std[g])
			}
		}
		run := s.Size() / s.groups()
		for i, x := range xs(s) {
			g := i / run % s.groups()
			if want := (original[i] - mean[g]) / std[g]; x != want {
				t.Fatalf("element %d is %g, want %g", i, x, want)
			}
		}
	})
}

// Times, prices and days as numbers differ by little of what they are: their spread is that of their differences, in whatever
// type they are read.
func TestNormalizationComesBeforeRounding(t *testing.T) {
	var table strings.Builder
	table.WriteString("time,day,price,y\n")
	for i := range 10 {
		fmt.Fprintf(&table, "%d,%d,%.2f,%d\n", 1700000000+i, 20240101+i, 1e7+0.01*float64(i), 1700000000+i)
	}
	split := mustLoad(t, "csv:"+write(t, "a.csv", []byte(table.String()))+",normalize=on,task=regression", Options{})
	x := make([]float32, split.Train.X.Len())
	if err := ReadInputs(split.Train, 0, x); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		want := (float64(i) - 4.5) / math.Sqrt(8.25)
		for j, tolerance := range []float64{1e-7, 1e-7, 1e-6} { // of rounding to float32, and of a cent to 1e7 in float64
			if got := float64(x[3*i+j]); math.Abs(got-want) > tolerance*(1+math.Abs(want)) {
				t.Errorf("row %d, column %d: %g, want %g", i, j, got, want)
			}
		}
		if y := split.Train.Y[i]; y != 1700000000+float64(i) {
			t.Errorf("target %v", y)
		}
	}
}

// A number that float32 does not hold is refused where it is read as one, and kept in float64.
func TestNumbersBeyondFloat32AreRefusedThere(t *testing.T) {
	s := mustLoad(t, "csv:"+write(t, "a.csv", []byte("1,0.5\n1e99,1.5\n")), Options{}).Train
	if err := ReadInputs(s, 0, make([]float64, 2)); err != nil {
		t.Error(err)
	}
	wantError(t, ReadInputs(s, 0, make([]float32, 2)), "input of example 1 holds 1e+99, which float32 cannot")
	wantError(t, ReadInputs(s, 1, make([]float32, 1)), "input of example 1 holds 1e+99")
	s = mustLoad(t, "csv:"+write(t, "a.csv", []byte("1,0.5\n2,-1e99\n")), Options{}).Train
	wantError(t, ReadTargets(s, 0, make([]float32, 2)), "target of example 1 holds -1e+99")
}

// However numbers are stored, they read alike: whole or in pieces, scaled and normalized, cut and picked.
func TestValuesReadAlikeHoweverStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 24, 24).Draw(t, "x")
		singles, doubles := make([]float32, len(raw)), make([]float64, len(raw))
		for i, b := range raw {
			singles[i], doubles[i] = float32(b), float64(b)
		}
		scale := rapid.SampledFrom([]float64{1, 255}).Draw(t, "scale")
		var first Set
		for k, v := range []Values{ValuesOf(raw), ValuesOf(singles), ValuesOf(doubles)} {
			s := Set{Shape: []int{2, 2, 1}, Outputs: 1, X: v.scaled(scale), Y: make([]float64, 6)}
			mean, std, _ := moments(s)
			s.normalize(mean, std)
			from := rapid.IntRange(0, 23).Draw(t, "from")
			piece := make([]float64, rapid.IntRange(0, 24-from).Draw(t, "length"))
			read(s.X, from, piece)
			want := make([]float64, 24)
			for i := range want {
				g := i / 2 % 2
				want[i] = (doubles[i]/scale - mean[g]) / std[g]
			}
			if got := xs(s); !slices.Equal(got, want) || !slices.Equal(piece, want[from:from+len(piece)]) {
				t.Fatalf("%v and %v from %d, want %v", got, piece, from, want)
			}
			if got := xs(s.Select([]int{5, 0}).Concat(s.Slice(2, 4))); !slices.Equal(got, slices.Concat(want[20:], want[:4], want[8:16])) {
				t.Fatalf("picked and cut: %v of %v", got, want)
			}
			if k == 0 {
				first = s
			} else if Checksum(s) != Checksum(first) || !slices.Equal(xs(first.Concat(s)), slices.Concat(want, want)) {
				t.Fatal("the way of storing shows")
			}
		}
	})
}

// A constant has no deviation to divide by, whatever its sum rounds to: a test example that differs a little keeps its size.
func TestConstantsAreNotBlownUp(t *testing.T) {
	s := Set{Shape: []int{2}, Outputs: 1, Y: make([]float64, 1000)}
	s.X = ValuesOf(slices.Repeat([]float64{0.1, 1234.567}, 1000))
	if mean, std, _ := moments(s); mean[0] != 0.1 || mean[1] != 1234.567 || std[0] != 1 || std[1] != 1 {
		t.Errorf("constants 0.1 and 1234.567 have means %v and deviations %v", mean, std)
	}
	if got := Inspect(s); got.TargetStd != 0 {
		t.Errorf("constant targets have deviation %v", got.TargetStd)
	}
}

func TestNormalizedSourcesOffAndOn(t *testing.T) {
	path := write(t, "a.csv", []byte("0,7,0\n2,7,1\n"))
	if raw := mustLoad(t, "csv:"+path, Options{}); raw.Mean != nil || !slices.Equal(xs(raw.Train), []float64{0, 7, 2, 7}) {
		t.Errorf("files are normalized unasked: %v", xs(raw.Train))
	}
	on := mustLoad(t, "csv:"+path+",normalize=on", Options{})
	if !slices.Equal(xs(on.Train), []float64{-1, 0, 1, 0}) || !slices.Equal(on.Mean, []float64{1, 7}) || !slices.Equal(on.Std, []float64{1, 1}) {
		t.Errorf("%v by mean %v and standard deviation %v", xs(on.Train), on.Mean, on.Std)
	}
}

func TestSelectAndSlice(t *testing.T) {
	s := Set{Shape: []int{2}, Outputs: 1, X: ValuesOf([]float32{0, 1, 2, 3, 4, 5}), Y: []float64{6, 7, 8}}
	if got := s.Select([]int{2, 0, 2}); !slices.Equal(xs(got), []float64{4, 5, 0, 1, 4, 5}) || !slices.Equal(got.Y, []float64{8, 6, 8}) {
		t.Errorf("Select: %+v", got)
	}
	part := s.Slice(1, 3)
	if !slices.Equal(xs(part), xs(s)[2:]) || !slices.Equal(part.Y, s.Y[1:]) || part.Len() != 2 {
		t.Errorf("Slice: %+v", part)
	}
	part.X.singles[0] = 9
	if s.X.At(2) != 9 {
		t.Error("Slice copies")
	}
	if (Set{}).Len() != 0 || Inspect(Set{}).Examples != 0 {
		t.Error("the zero Set is not empty")
	}
}

func TestInspect(t *testing.T) {
	got := Inspect(Set{Name: "n", Shape: []int{2}, Classes: 3, X: ValuesOf([]byte{1, 2, 3, 6}), Labels: []int32{2, 0}})
	if got.Examples != 2 || got.Mean != 3 || got.Std != math.Sqrt(3.5) || got.Min != 1 || got.Max != 6 ||
		!slices.Equal(got.Counts, []int{1, 0, 1}) || got.TargetMean != 1 || got.TargetStd != 1 {
		t.Errorf("%+v", got)
	}
}

// Data sorted by class give a cut of few classes, which is told; a cut that chance explains is not.
func TestCutsOfSortedClassesAreTold(t *testing.T) {
	table := func(class func(i int) int) string {
		var b strings.Builder
		for i := range 400 {
			fmt.Fprintf(&b, "%d,%d\n", i+5, class(i))
		}
		return "csv:" + write(t, "a.csv", []byte(b.String()))
	}
	sorted, mixed := table(func(i int) int { return i / 100 }), table(func(i int) int { return i % 4 })
	many := table(func(i int) int { return i * 37 % 100 })
	rare := table(func(i int) int { return i / 399 })
	for spec, want := range map[string]string{
		sorted + ",train=150":          "the training examples are sorted by class: the first 150 hold 2 of 4 classes",
		sorted:                         "",
		sorted + ",train=400":          "",
		sorted + ",test=40":            "", // drawn from all
		sorted + ",test=40,train=100":  "sorted by class",
		mixed + ",train=150":           "",
		mixed + ",train=2":             "", // few
		rare + ",train=300":            "",
		"gaussian,train=10":            "",
		"glyphs,train=100,test=3":      "",
		sorted + ",task=regression":    "",
		sorted + ",train=3":            "", // as any three may be
		sorted + ",train=20":           "the first 20 hold 1 of 4 classes",
		many + ",train=60":             "", // 60 of 200 examples of 100 classes lack many of these
		sorted + ",train=390,seed=77":  "",
		sorted + ",test=0,train=100":   "1 of 4 classes",
		sorted + ",label-noise=0.0001": "",
	} {
		got := strings.Join(mustLoad(t, spec, Options{}).Notices, "; ")
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: notices %q, want %q", spec, got, want)
		}
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
		if !slices.Equal(xs(said.Train), xs(left.Train)) || !slices.Equal(ys(said.Test), ys(left.Test)) {
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
