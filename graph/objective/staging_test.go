package objective_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// stored are the examples of a set in memory, as if they were on a disk.
type stored struct {
	set   data.Set
	reads *atomic.Int64
	bad   int // an example that cannot be read; −1 for none
}

func (s stored) Len() int         { return s.set.Len() }
func (s stored) Identity() string { return data.Checksum(s.set) }

func (s stored) ReadRow(i int, x, y []float64) error {
	s.reads.Add(1)
	time.Sleep(300 * time.Microsecond) // two of them are slow enough to be begun early
	if i == s.bad {
		return errors.New("the disk is on fire")
	}
	return s.set.ReadRow(i, x, y)
}

// onDisk is a split whose training part is read when it is wanted.
func onDisk(split *data.Split, bad int) (*data.Split, *atomic.Int64) {
	other, reads := *split, &atomic.Int64{}
	other.Train.Rows = stored{split.Train, reads, bad}
	other.Train.X, other.Train.Y, other.Train.Labels = data.Values{}, nil, nil
	return &other, reads
}

// Examples that come to the device a chunk at a time give the same bits as those that lie there.
func TestStagedExamplesGiveTheSameBits(t *testing.T) {
	for _, c := range []struct{ data, model string }{
		{"glyphs,train=30,test=11,valid=5,size=8", `{"layers":[{"conv2d":{"out":3,"kernel":3}},"tanh","flatten",{"linear":{"out":10}}]}`},
		{"gaussian,train=30,test=11", "mlp:7"},
		{"text:", "gpt:1,2,8"},
		{"glyphs,train=30,test=11,size=8,normalize=off,augment=crop2+flip", "mlp:5"},
	} {
		if strings.HasPrefix(c.data, "text:") {
			path := t.TempDir() + "/rhyme.txt"
			must(t, os.WriteFile(path, []byte(strings.Repeat("a rose is a rose is a rose. ", 9)), 0o600))
			c.data = "text:" + path + ",context=6"
		}
		split, err := data.Load(c.data, data.Options{Seed: 1})
		must(t, err)
		var loss nn.Loss = nn.MSE{}
		outputs := split.Train.Outputs
		if split.Train.Classes > 0 {
			loss, outputs = nn.CrossEntropy{}, split.Train.Classes
		}
		m, err := nn.Parse(c.model, split.Train.Shape, outputs, loss)
		must(t, err)
		disk, _ := onDisk(split, -1)
		for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
			for _, chunk := range devicetest.Some(1, 7, 0) {
				results := func(split *data.Split, resident int64) []float64 {
					f, err := New(devicetest.Open(2), m, split, Options{DType: dt, Seed: 3, Chunk: chunk, Resident: resident})
					must(t, err)
					defer f.Close()
					mean, slope := vector(t, f), vector(t, f)
					var all []float64
					for _, examples := range [][]int{f.All(Train), {3, 1, 4, 1, 5}, f.All(Test), {2, 9}} {
						f.Expect([]int{2, 9})
						trace, err := f.TraceGradient(examples, mean, slope)
						must(t, err)
						v, err := f.Evaluate(examples)
						must(t, err)
						must(t, f.Outputs(examples, func(_ int, rows []float64) error { all = append(all, rows...); return nil }))
						all = append(append(append(all, trace, v.Loss), contents(t, mean)...), contents(t, slope)...)
					}
					training := f.Training()
					for _, epoch := range []int{4, 5} {
						training.SetEpoch(6, epoch)
						for _, examples := range [][]int{f.All(Train), f.All(Train), {3, 1}, {2, 9}} {
							training.Expect([]int{2, 9})
							must(t, training.Gradient(examples, mean))
							all = append(all, contents(t, mean)...)
						}
					}
					return all
				}
				want := results(split, 1<<40)
				for name, got := range map[string][]float64{"by a bound": results(split, 1), "from a disk": results(disk, 0)} {
					if !slices.Equal(got, want) {
						t.Errorf("%s on %s, %v, chunk %d: other numbers %s", c.model, c.data, dt, chunk, name)
					}
				}
			}
		}
	}
}

// What was announced is read once, while the device works; what cannot be read ends the pass that needs it.
func TestStagedReads(t *testing.T) {
	split, err := data.Load("glyphs,train=40,test=10", data.Options{Seed: 1})
	must(t, err)
	m, err := nn.Parse("linear", split.Train.Shape, 10, nn.CrossEntropy{})
	must(t, err)
	disk, reads := onDisk(split, 17)
	f, err := New(devicetest.Open(1), m, disk, Options{DType: kernels.Float32, Chunk: 8})
	must(t, err)
	defer f.Close()
	gradient := vector(t, f)
	for step := range 4 {
		batch, next := []int{4 * step, 4*step + 1}, []int{4*step + 4, 4*step + 5}
		f.Expect(next)
		must(t, f.Gradient(batch, gradient))
		must(t, f.Gradient(batch, gradient)) // nothing has to be read again
	}
	f.Expect(nil)
	must(t, f.Gradient([]int{16}, gradient))
	if n := reads.Load(); n < 9 || n > 11 { // 4 batches of 2, one of 1, and the 2 that came in vain
		t.Errorf("%d examples were read, want 11", n)
	}
	if err := f.Gradient([]int{20, 17, 3}, gradient); err == nil || !strings.Contains(err.Error(), "example 17 of") || !strings.Contains(err.Error(), "the disk is on fire") {
		t.Errorf("error %v", err)
	}
	must(t, f.Gradient([]int{20, 16, 3}, gradient))
}

func TestStagedNumbersThatDoNotFitAreRefused(t *testing.T) {
	m, err := nn.Parse("linear", []int{1}, 2, nn.CrossEntropy{})
	must(t, err)
	for _, c := range []struct {
		x     float64
		label int32
		want  string
	}{{1e99, 0, "1e+99, which float32 cannot"}, {1, 2, "holds 2, the model takes whole numbers from 0 to 1"}, {1, -100, "holds -100"}} {
		set := data.Set{Name: "odd", Shape: []int{1}, Classes: 2, X: data.ValuesOf([]float64{1, c.x}), Labels: []int32{0, c.label}}
		disk, _ := onDisk(&data.Split{Train: set}, -1)
		f, err := New(devicetest.Open(1), m, disk, Options{DType: kernels.Float32})
		must(t, err)
		if _, err := f.Evaluate([]int{0, 1}); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "example 1 of odd") {
			t.Errorf("%v, %d: error %v, want %q", c.x, c.label, err, c.want)
		}
		f.Close()
	}
}
