package objective

import "drift/kernels"

// written is a Feed of a device that has none: buffers are written when their data are sent.
type written struct {
	to   []kernels.Buffer
	host []any
}

func newWritten(to []kernels.Buffer) *written {
	w := &written{to: to}
	for _, b := range to {
		switch n := b.Len(); b.DType() {
		case kernels.Float64:
			w.host = append(w.host, make([]float64, n))
		case kernels.Int32:
			w.host = append(w.host, make([]int32, n))
		case kernels.Uint8:
			w.host = append(w.host, make([]byte, n))
		default:
			w.host = append(w.host, make([]float32, n))
		}
	}
	return w
}

func (w *written) Host(k int) any { return w.host[k] }
func (*written) Wait() error      { return nil }
func (*written) Arrive() error    { return nil }
func (*written) Leave() error     { return nil }
func (*written) Close()           {}

func (w *written) Send(n []int) error {
	for k, b := range w.to {
		if err := b.Slice(0, n[k]).Write(cut(w.host[k], n[k])); err != nil {
			return err
		}
	}
	return nil
}

// cut is the first n elements of a slice.
func cut(x any, n int) any {
	switch x := x.(type) {
	case []float64:
		return x[:n]
	case []int32:
		return x[:n]
	case []byte:
		return x[:n]
	}
	return x.([]float32)[:n]
}
