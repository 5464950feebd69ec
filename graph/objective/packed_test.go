package objective_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// apart is a device with a memory of its own, as a GPU, that counts the bytes which come to it.
type apart struct {
	kernels.Device
	bytes *int64
}

func newApart() apart { return apart{devicetest.Open(2), new(int64)} }

func (apart) TotalBytes() int64 { return 1 << 40 }

func (a apart) NewBuffer(dt kernels.DType, n int) (kernels.Buffer, error) {
	b, err := a.Device.NewBuffer(dt, n)
	return counted{b, a.bytes}, err
}

func (a apart) Load(calls []kernels.Call) (kernels.Executable, error) {
	own := slices.Clone(calls)
	for i := range own {
		for _, list := range []*[]kernels.Buffer{&own[i].Out, &own[i].In} {
			*list = slices.Clone(*list)
			for k, b := range *list {
				(*list)[k] = b.(counted).Buffer
			}
		}
	}
	return a.Device.Load(own)
}

type counted struct {
	kernels.Buffer
	bytes *int64
}

func (c counted) Slice(from, to int) kernels.Buffer {
	return counted{c.Buffer.Slice(from, to), c.bytes}
}

func (c counted) Write(src any) error {
	*c.bytes += int64(c.Len() * c.DType().Size())
	return c.Buffer.Write(src)
}

// asNumbers is a split with its inputs as float64, which no device holds as bytes.
func asNumbers(t *testing.T, split *data.Split) *data.Split {
	t.Helper()
	other := *split
	for _, set := range []*data.Set{&other.Train, &other.Test, &other.Valid} {
		if set.Rows != nil {
			own, err := data.InMemory(*set, set.Len())
			must(t, err)
			*set = own
		}
		set.X = data.ValuesOf(set.X.Float64s())
	}
	return &other
}

// coloured is images of three channels from files of bytes, read with options; 6 of them are for tests.
func coloured(t *testing.T, examples int, options string) *data.Split {
	t.Helper()
	pixels := make([]byte, examples*3*8*8)
	for i := range pixels {
		pixels[i] = byte(i*i>>3) >> (i / 64 % 3) // a mean of its own for each channel
	}
	path := t.TempDir() + "/colours.npy"
	labels := path + ".labels.npy"
	must(t, os.WriteFile(path, npy("|u1", fmt.Sprintf("(%d, 3, 8, 8)", examples), pixels), 0o600))
	classes := make([]byte, examples)
	for i := range classes {
		classes[i] = byte(i % 10)
	}
	must(t, os.WriteFile(labels, npy("|u1", fmt.Sprintf("(%d,)", examples), classes), 0o600))
	split, err := data.Load("npy:"+path+",y="+labels+",test=6,classes=10"+options, data.Options{Seed: 1})
	must(t, err)
	return split
}

// npy is a file of NumPy's.
func npy(kind, shape string, raw []byte) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", kind, shape)
	file := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(file, header...), raw...)
}

// Examples that a device holds as bytes give the same bits as those that it holds as numbers, on it whole or a chunk at a time.
func TestBytesGiveTheSameBits(t *testing.T) {
	for _, source := range []string{"", ",scale=255", ",normalize=on,augment=crop2+flip", ",stream=on", ",scale=255,normalize=on,augment=crop2+flip,stream=on"} {
		split := coloured(t, 26, source)
		m, err := nn.Parse(`{"layers":[{"conv2d":{"out":3,"kernel":3}},"tanh","flatten",{"linear":{"out":10}}]}`, split.Train.Shape, 10, nn.CrossEntropy{})
		must(t, err)
		for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
			results := func(split *data.Split, resident int64) (all []float64, up int64) {
				dev := newApart()
				f, err := New(dev, m, split, Options{DType: dt, Chunk: 7, Resident: resident})
				must(t, err)
				defer f.Close()
				up = *dev.bytes
				as := dt.String()
				if split.Train.StoresBytes() {
					as = "uint8"
				}
				want := "the 26 examples lie on " + dev.Name() + " as " + as
				if split.Train.Rows != nil || resident == 1 {
					want = "examples come to " + dev.Name() + " as " + as + " in chunks of up to 7, copied between"
				}
				if got := f.Residence(); !strings.HasPrefix(got, want) || strings.Contains(got, "device augments") != (as == "uint8" && split.Train.Augment != data.Augmentation{}) {
					t.Errorf("data: %s; want %s", got, want)
				}
				gradient := vector(t, f)
				for _, examples := range [][]int{f.All(Train), f.All(Test), {3, 25, 1}} {
					must(t, f.Gradient(examples, gradient))
					all = append(all, contents(t, gradient)...)
				}
				return all, up
			}
			want, numbers := results(asNumbers(t, split), 1<<40)
			for _, resident := range []int64{1 << 40, 1} {
				if split.Train.Rows != nil {
					resident = 1
				}
				got, bytes := results(split, resident)
				if !slices.Equal(got, want) {
					t.Errorf("%s, %v, resident up to %d: other numbers", source, dt, resident)
				}
				if saved := int64(26 * split.Train.Size() * (dt.Size() - 1)); resident > 1 && bytes > numbers-saved+3*256*8 {
					t.Errorf("%s, %v: %d bytes on the device, %d as numbers", source, dt, bytes, numbers)
				}
			}
		}
	}
}

// A step uploads the indices of its examples, and where images are augmented how each moves; before, it uploaded the images as numbers.
func TestAStepUploadsIndices(t *testing.T) {
	const batch, pixels = 16, 3 * 8 * 8
	for _, c := range []struct {
		augment, as string
		resident    int64
		want        int64 // bytes an example
	}{
		{"", "bytes", 1 << 40, 4},
		{"", "numbers", 1 << 40, 4},
		{",augment=crop2+flip", "bytes", 1 << 40, 4 + 4},
		{",augment=crop2+flip", "numbers", 1 << 40, 4 + 4*pixels},
		{"", "bytes", 1, 4 + pixels + 4},
		{"", "numbers", 1, 4 + 4*pixels + 4},
		{",augment=crop2+flip", "bytes", 1, 4 + 4 + pixels + 4},
		{",augment=crop2+flip", "numbers", 1, 4 + 4*pixels + 4*pixels + 4},
	} {
		split := coloured(t, 70, ",normalize=on"+c.augment)
		if c.as == "numbers" {
			split = asNumbers(t, split)
		}
		m, err := nn.Parse("linear", split.Train.Shape, 10, nn.CrossEntropy{})
		must(t, err)
		dev := newApart()
		f, err := New(dev, m, split, Options{Chunk: batch, Resident: c.resident})
		must(t, err)
		training, gradient := f.Training(), vector(t, f)
		p, err := training.Compile(batch, func(b *Batch) { b.Sum(gradient, b.Gradient(b.Here())) }, nil)
		must(t, err)
		training.SetEpoch(1, 1)
		step := func(k int) {
			examples := make([]int, batch)
			for i := range examples {
				examples[i] = (17*i + batch*k) % 64
			}
			must(t, p.Run(examples))
		}
		step(0) // also writes what stays
		before := *dev.bytes
		step(1)
		if got := *dev.bytes - before; got != c.want*batch {
			t.Errorf("%s%s, resident up to %d: a step of %d examples uploads %d bytes, want %d", c.as, c.augment, c.resident, batch, got, c.want*batch)
		}
		f.Close()
	}
}

// Copies beside the computation keep their order, whether a device makes them as late or as early as it may.
func TestStreamedExamplesKeepTheirOrder(t *testing.T) {
	split := coloured(t, 46, ",augment=crop2+flip")
	m, err := nn.Parse("mlp:9", split.Train.Shape, 10, nn.CrossEntropy{})
	must(t, err)
	var want []float64
	for _, order := range []string{"", "late", "early"} {
		t.Setenv("DRIFT_EMULATOR_COPIES", order)
		resident := int64(1)
		if order == "" {
			resident = 1 << 40
		}
		f, err := New(devicetest.Open(2), m, split, Options{Chunk: 5, Resident: resident})
		must(t, err)
		if f.Apart() && order != "" && !strings.Contains(f.Residence(), "copied beside the computation to two buffers") {
			t.Errorf("%s", f.Residence())
		}
		training := f.Training()
		var gradients []kernels.Buffer // nothing is read before the end
		for step := range 6 {
			training.SetEpoch(3, step/2)
			g := vector(t, f)
			gradients = append(gradients, g)
			training.Expect([]int{step + 1, 20 + step, 7})
			must(t, training.Gradient([]int{step, 19 + step, 7}, g))
			if step == 3 {
				must(t, training.Gradient(f.All(Train), g))
			}
		}
		var all []float64
		for _, g := range gradients {
			all = append(all, contents(t, g)...)
		}
		if want == nil {
			want = all
		} else if !slices.Equal(all, want) {
			t.Errorf("copies made %s: other numbers than of examples that lie on the device", order)
		}
		f.Close()
	}
}

// A token that the model does not have is refused, as bytes too, and an example that is not there.
func TestBytesThatAreNoTokensAreRefused(t *testing.T) {
	m, err := nn.Parse("gpt:1,1,4", []int{2}, 3, nn.CrossEntropy{})
	must(t, err)
	set := data.Set{Name: "rhyme", Shape: []int{2}, Tokens: 3, Classes: 3, Positions: 2, X: data.ValuesOf([]byte{0, 2, 3, 1}), Labels: []int32{1, 2, 0, 1}}
	f, err := New(newApart(), m, &data.Split{Train: set}, Options{})
	if err == nil {
		f.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "example 1 of rhyme holds 3, the model takes whole numbers from 0 to 2") {
		t.Errorf("error %v", err)
	}
	f, err = New(newApart(), m, &data.Split{Train: set}, Options{Resident: 1})
	must(t, err)
	defer f.Close()
	if _, err := f.Evaluate([]int{0, 1}); err == nil || !strings.Contains(err.Error(), "example 1 of rhyme holds 3") {
		t.Errorf("staged: error %v", err)
	}
	for _, k := range []int{-1, 2} {
		if _, err := f.Evaluate([]int{0, k}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("example %d among 2", k)) {
			t.Errorf("example %d: error %v", k, err)
		}
	}
}

// Tokens that lie as bytes are those that lie as indices.
func TestTokensAsBytes(t *testing.T) {
	m, err := nn.Parse("gpt:1,2,8", []int{5}, 7, nn.CrossEntropy{})
	must(t, err)
	tokens, labels := make([]byte, 12*5), make([]int32, 12*5)
	for i := range tokens {
		tokens[i], labels[i] = byte(i*i%7), int32(i*3%7)
	}
	split := &data.Split{Train: data.Set{Name: "rhyme", Shape: []int{5}, Tokens: 7, Classes: 7, Positions: 5, X: data.ValuesOf(tokens), Labels: labels}}
	var want []float64
	for _, split := range []*data.Split{asNumbers(t, split), split} {
		for _, resident := range []int64{1 << 40, 1} {
			f, err := New(newApart(), m, split, Options{Chunk: 5, Resident: resident})
			must(t, err)
			if as := map[bool]string{false: "as int32", true: "as uint8"}[split.Train.StoresBytes()]; !strings.Contains(f.Residence(), as) {
				t.Errorf("%s; want %s", f.Residence(), as)
			}
			gradient := vector(t, f)
			must(t, f.Gradient(f.All(Train), gradient))
			if got := contents(t, gradient); want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%s: other gradient", f.Residence())
			}
			f.Close()
		}
	}
}
