package checkpoint

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// memory is a state of every kind, one part of it inside another.
type memory struct {
	wide, narrow kernels.Buffer
	host         []float64
	count        int
	share        float64
	inner        *memory
}

func newMemory(t *testing.T, n int, inner *memory) *memory {
	t.Helper()
	m := &memory{host: make([]float64, n), inner: inner}
	dev := devicetest.Open(1)
	t.Cleanup(func() { dev.Close() })
	for dtype, b := range map[kernels.DType]*kernels.Buffer{kernels.Float64: &m.wide, kernels.Float32: &m.narrow} {
		var err error
		if *b, err = dev.NewBuffer(dtype, n); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (m *memory) State(s objective.State) {
	s.Vector("wide", m.wide)
	s.Vector("narrow", m.narrow)
	s.Host("host", m.host)
	count := float64(m.count)
	s.Numbers("counts", &count, &m.share)
	m.count = int(count)
	if m.inner != nil {
		m.inner.State(s.In("inner"))
	}
}

// fill gives every value a number of its own.
func (m *memory) fill(t *testing.T, from float64) {
	for i := range m.host {
		m.host[i] = from + float64(i)/3
	}
	if err := m.wide.Write(m.host); err != nil {
		t.Fatal(err)
	}
	if err := m.narrow.Write(m.host); err != nil {
		t.Fatal(err)
	}
	m.count, m.share = int(from), from/7
	if m.inner != nil {
		m.inner.fill(t, from+10)
	}
}

func saved(t *testing.T, m *memory) Vectors {
	t.Helper()
	v := Vectors{}
	if err := v.Save(m.State); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStateComesBackWithTheSameBits(t *testing.T) {
	first, second := newMemory(t, 5, newMemory(t, 2, nil)), newMemory(t, 5, newMemory(t, 2, nil))
	first.fill(t, 3)
	want := saved(t, first)
	if len(want) != 8 || !reflect.DeepEqual(want["inner.counts"], []float64{13, 13. / 7}) {
		t.Errorf("saved %v", want)
	}
	if err := want.Restore(second.State); err != nil {
		t.Fatal(err)
	}
	if got := saved(t, second); !reflect.DeepEqual(got, want) {
		t.Errorf("restored %v, want %v", got, want)
	}
	if err := Reset(second.State); err != nil {
		t.Fatal(err)
	}
	if got, zero := saved(t, second), saved(t, newMemory(t, 5, newMemory(t, 2, nil))); !reflect.DeepEqual(got, zero) {
		t.Errorf("reset to %v", got)
	}
}

func TestOtherStatesAreRefused(t *testing.T) {
	m := newMemory(t, 5, nil)
	for name, other := range map[string]*memory{"longer": newMemory(t, 6, nil), "with more": newMemory(t, 5, newMemory(t, 1, nil))} {
		if err := saved(t, other).Restore(m.State); err == nil || !strings.Contains(err.Error(), "other settings") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := saved(t, m).Restore(newMemory(t, 5, newMemory(t, 1, nil)).State); err == nil {
		t.Error("a state with more than the checkpoint was restored")
	}
	twice := func(s objective.State) { m.State(s); m.State(s) }
	if err := (Vectors{}).Save(twice); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("two values of one name: %v", err)
	}
}

// A checkpoint of another version says so, and is not taken for a damaged file.
func TestOtherFormatsAreRefused(t *testing.T) {
	other := bytes.Replace(encoded(t), []byte(`"format":"`+format+`"`), []byte(`"format":"1"`), 1)
	if _, err := Decode(other, new(counters)); err == nil || !strings.Contains(err.Error(), `format is "1"`) {
		t.Errorf("got %v", err)
	}
	header := `{"__metadata__":{"sha256":"0","state":"{}"}}`
	old := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	if _, err := Decode(old, new(counters)); err == nil || !strings.Contains(err.Error(), "finish the run with the version") {
		t.Errorf("without a format: %v", err)
	}
}
