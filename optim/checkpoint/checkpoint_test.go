package checkpoint

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

type counters struct {
	Step    int
	Seconds float64
}

var (
	someState   = counters{Step: 12, Seconds: 0.1}
	someVectors = Vectors{
		"theta":    []float32{1, float32(math.Inf(-1)), math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))},
		"momentum": []float64{math.Pi, math.MaxFloat64, -0.1},
		"empty":    []float32{},
	}
)

func encoded(t testing.TB) []byte {
	var b bytes.Buffer
	if err := Encode(&b, someState, someVectors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadGivesBackTheSameBits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.safetensors")
	if err := Write(path, someState, someVectors); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var state counters
	vectors, err := Decode(file, &state)
	if err != nil || state != someState || !reflect.DeepEqual(vectors, someVectors) {
		t.Errorf("read %v, %v, %v", state, vectors, err)
	}
	if math.Signbit(float64(vectors["theta"].([]float32)[3])) != true {
		t.Error("the sign of zero is lost")
	}
	again, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(again, encoded(t)) {
		t.Error("the same state gives another file")
	}
}

func TestDamageIsNoticed(t *testing.T) {
	good := encoded(t)
	var state counters
	for at := range good { // every byte, header and numbers alike
		bad := bytes.Clone(good)
		bad[at] ^= 1
		if vectors, err := Decode(bad, &state); err == nil && !(reflect.DeepEqual(vectors, someVectors) && state == someState) {
			t.Fatalf("byte %d changed: read %v, %v", at, state, vectors)
		}
		if _, err := Decode(good[:at], &state); err == nil {
			t.Fatalf("read a file cut after %d bytes", at)
		}
	}
}

func TestWriteRefusesOtherTypes(t *testing.T) {
	for name, err := range map[string]error{
		"vector": Encode(io.Discard, 1, Vectors{"x": []int{1}}),
		"state":  Encode(io.Discard, func() {}, nil),
	} {
		if err == nil {
			t.Errorf("%s of a type that cannot be stored was accepted", name)
		}
	}
}

// A header may claim anything: what is read is bounded by the file.
func TestAbsurdHeaders(t *testing.T) {
	for name, header := range map[string]string{
		"huge shape":     `{"x":{"dtype":"F64","shape":[1000000000000],"data_offsets":[0,8000000000000]}}`,
		"overflow":       `{"x":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`,
		"negative":       `{"x":{"dtype":"F64","shape":[-1],"data_offsets":[0,0]}}`,
		"other type":     `{"x":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}}`,
		"no JSON":        `{`,
		"null":           `null`,
		"state missing":  `{}`,
		"null tensor":    `{"x":null}`,
		"null metadata":  `{"__metadata__":null}`,
		"empty metadata": `{"__metadata__":{}}`,
	} {
		file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
		if _, err := Decode(file, new(counters)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := Decode(binary.LittleEndian.AppendUint64(nil, math.MaxUint64), new(counters)); err == nil {
		t.Error("a header of 2⁶⁴ bytes was accepted")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encoded(f))
	f.Add([]byte{})
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		var state counters
		vectors, err := Decode(file, &state)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Encode(&b, state, vectors); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
