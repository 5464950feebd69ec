package objective_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// feeding is a device with feeds that write at once, and notices what is out of order. It has no more than a number of them to give.
type feeding struct {
	apart
	t     *testing.T
	feeds *int
	free  int64
}

func (f feeding) FreeBytes() int64 { return f.free }

func (f feeding) NewFeed(to ...kernels.Buffer) (kernels.Feed, error) {
	if *f.feeds--; *f.feeds < 0 {
		return nil, errors.New("no pinned memory is left")
	}
	own := &feed{t: f.t, to: to}
	for _, b := range to {
		switch n := b.Len(); b.DType() {
		case kernels.Int32:
			own.host = append(own.host, make([]int32, n))
		case kernels.Uint8:
			own.host = append(own.host, make([]byte, n))
		default:
			own.host = append(own.host, make([]float32, n))
		}
	}
	return own, nil
}

// feed may be sent only while no program reads its buffers, and read only once it is sent.
type feed struct {
	t          *testing.T
	to         []kernels.Buffer
	host       []any
	sent, read bool
}

func (f *feed) Host(k int) any { return f.host[k] }
func (f *feed) Wait() error    { return nil }
func (f *feed) Close()         {}

func (f *feed) Send(n []int) error {
	if f.read {
		f.t.Error("buffers are filled while programs read them")
	}
	f.sent = true
	for k, b := range f.to {
		var src any
		switch host := f.host[k].(type) {
		case []int32:
			src = host[:n[k]]
		case []byte:
			src = host[:n[k]]
		case []float32:
			src = host[:n[k]]
		}
		if err := b.Slice(0, n[k]).Write(src); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) Arrive() error {
	if !f.sent {
		f.t.Error("programs read what was not sent")
	}
	f.read = true
	return nil
}

func (f *feed) Leave() error {
	f.read = false
	return nil
}

// Two buffers that are filled in turn give the bits of one, and of none; where there is no memory for them, there is one.
func TestChunksComeThroughTwoBuffers(t *testing.T) {
	devicetest.NotOnGPU(t) // its device is the processor, with feeds
	const beside, between = "copied beside the computation to two buffers", "copied between computations to a buffer"
	for _, options := range []string{",normalize=on,augment=crop2+flip", ",augment=crop2+flip,stream=on"} {
		for _, numbers := range []bool{false, true} {
			split := coloured(t, 30, options)
			if numbers {
				split = asNumbers(t, split)
			}
			m, err := nn.Parse("mlp:5", split.Train.Shape, 10, nn.CrossEntropy{})
			must(t, err)
			run := func(dev kernels.Device, resident int64, where string) (all []float64) {
				f, err := New(dev, m, split, Options{Chunk: 7, Resident: resident})
				must(t, err)
				defer f.Close()
				if !strings.Contains(f.Residence(), where) {
					t.Errorf("%s; want %s", f.Residence(), where)
				}
				training, gradient := f.Training(), vector(t, f)
				for epoch := range 3 {
					training.SetEpoch(1, epoch)
					training.Expect([]int{3, 1})
					for _, examples := range [][]int{f.All(Train), {3, 1}, {3, 1}, f.All(Test), {5, 1, 3}} {
						must(t, training.Gradient(examples, gradient))
						all = append(all, contents(t, gradient)...)
						must(t, f.Gradient(examples, gradient))
						all = append(all, contents(t, gradient)...)
					}
				}
				return all
			}
			want := run(newApart(), 1, between)
			for _, c := range []struct {
				feeds int
				free  int64
				where string
			}{{2, 1 << 30, beside}, {1, 1 << 30, between}, {0, 1 << 30, between}, {2, 21500, between}} {
				dev := feeding{newApart(), t, new(int), c.free}
				*dev.feeds = c.feeds
				if !slices.Equal(run(dev, 1, c.where), want) {
					t.Errorf("%s, numbers %v, %d feeds, %d bytes free: other gradients", options, numbers, c.feeds, c.free)
				}
			}
		}
	}
}
