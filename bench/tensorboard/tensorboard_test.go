package tensorboard

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

func written(t *testing.T, folder string) *Writer {
	t.Helper()
	w, err := Create(folder)
	if err != nil {
		t.Fatal(err)
	}
	w.now = func() time.Time { return time.Unix(1700000000, 0) }
	if err := w.Text(0, "config", "    lr = 0.1"); err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 5; step++ {
		if err := errors.Join(w.Scalars(step, map[string]float64{"loss": 1 / float64(step), "accuracy": 0.5}), w.Histogram(step, "weights", []float64{-1, 0, 0.5, 1})); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func events(t *testing.T, folder string) (all [][]byte) {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for from := bufio.NewReader(file); ; {
		content, err := readRecord(from)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content)
	}
}

// Event files of TensorFlow itself begin with the record of a version of 24 bytes: its length, then a3 7f 4b 22, then a double.
func TestAFileBeginsAsTensorFlowsDo(t *testing.T) {
	folder := t.TempDir()
	defer written(t, folder).Close()
	text, err := os.ReadFile(filepath.Join(folder, FileName))
	want := []byte{24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 0x09}
	if err != nil || !bytes.HasPrefix(text, want) || !bytes.Contains(text[:64], []byte("brain.Event:2")) {
		t.Errorf("%v, % x", err, text[:min(64, len(text))])
	}
}

// fields splits a message.
func fields(t *testing.T, b []byte) map[protowire.Number][]byte {
	t.Helper()
	out := map[protowire.Number][]byte{}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		value := b[:n]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(b)
		}
		out[number], b = value, b[n:]
	}
	return out
}

func double(b []byte) float64 {
	x, _ := protowire.ConsumeFixed64(b)
	return math.Float64frombits(x)
}

func TestEventsHoldWhatWasWritten(t *testing.T) {
	folder := t.TempDir()
	defer written(t, folder).Close()
	all := events(t, folder)
	if len(all) != 1+1+2*5 {
		t.Fatalf("%d events", len(all))
	}
	config := fields(t, fields(t, fields(t, all[1])[5])[1])
	if string(config[1]) != "config" || string(fields(t, config[8])[8]) != "    lr = 0.1" || string(fields(t, fields(t, config[9])[1])[1]) != "text" {
		t.Errorf("the text is %q", config)
	}
	event := fields(t, all[4]) // step 2
	step, _ := protowire.ConsumeVarint(event[2])
	loss := fields(t, fields(t, event[5])[1]) // the last value in order of tags
	bits, _ := protowire.ConsumeFixed32(loss[2])
	if step != 2 || double(event[1]) != 1700000000 || string(loss[1]) != "loss" || math.Float32frombits(bits) != 0.5 {
		t.Errorf("step %d, %q", step, loss)
	}
	histogram := fields(t, fields(t, fields(t, all[3])[5])[1][0:])
	if string(histogram[1]) != "weights" {
		t.Fatalf("%q", histogram)
	}
	h := fields(t, histogram[5])
	total := 0.0
	for counts := h[7]; len(counts) > 0; counts = counts[8:] {
		total += double(counts)
	}
	if double(h[1]) != -1 || double(h[2]) != 1 || double(h[3]) != 4 || double(h[4]) != 0.5 || double(h[5]) != 2.25 || total != 4 || len(h[6]) != len(h[7]) {
		t.Errorf("min %v max %v num %v sum %v squares %v, %v in %d buckets", double(h[1]), double(h[2]), double(h[3]), double(h[4]), double(h[5]), total, len(h[6])/8)
	}
}

// Every finite value is counted once, whatever the values are; the buckets ascend.
func TestHistogramsCountEveryFiniteValue(t *testing.T) {
	for name, values := range map[string][]float64{
		"none": {}, "one": {3}, "equal": {2, 2, 2}, "nearly equal": {1, math.Nextafter(1, 2)}, "not finite": {math.NaN(), 1, math.Inf(1), 2},
		"huge": {-math.MaxFloat64, 0, math.MaxFloat64}, "tiny": {0, 5e-324}, "all not finite": {math.NaN()},
	} {
		h := fields(t, fields(t, histogram("x", values))[5])
		want, total, last := 0.0, 0.0, math.Inf(-1)
		for _, x := range values {
			if !math.IsNaN(x) && !math.IsInf(x, 0) {
				want++
			}
		}
		for counts := h[7]; len(counts) > 0; counts = counts[8:] {
			total += double(counts)
		}
		for limits := h[6]; len(limits) > 0; limits = limits[8:] {
			if x := double(limits); x < last || math.IsNaN(x) {
				t.Errorf("%s: limits do not ascend", name)
			} else {
				last = x
			}
		}
		if total != want || double(h[3]) != want {
			t.Errorf("%s: %v counted of %v", name, total, want)
		}
	}
}

// A run that is resumed at step 3 has one curve: later steps and a record that a crash cut off are gone.
func TestResumedRunsContinueTheirCurves(t *testing.T) {
	folder := t.TempDir()
	w := written(t, folder)
	w.file.Write([]byte{1, 2, 3})
	w.Close()
	w, err := Resume(folder, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Scalars(4, map[string]float64{"loss": 7}), w.Close()); err != nil {
		t.Fatal(err)
	}
	var steps []int64
	for _, event := range events(t, folder) {
		step, err := stepOf(event)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	want := []int64{0, 0, 1, 1, 2, 2, 3, 3, 4}
	if len(steps) != len(want) || steps[8] != 4 || steps[7] != 3 {
		t.Errorf("steps %v, want %v", steps, want)
	}
}

func TestFoldersOfOthersAreRefused(t *testing.T) {
	folder := t.TempDir()
	written(t, folder).Close()
	if _, err := Create(folder); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("got %v", err)
	}
	other := t.TempDir()
	os.WriteFile(filepath.Join(other, FileName), []byte("something else, and long enough"), 0o666)
	if _, err := Resume(other, 3); err == nil || !strings.Contains(err.Error(), "does not begin as an event file") {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(filepath.Join(other, FileName)); len(text) == 0 {
		t.Error("a refused file was emptied")
	}
}

// TensorBoard's own reader finds the same numbers, where it is installed.
func TestTensorBoardReadsThem(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import tensorboard").Run() != nil {
		t.Skip("no Python with tensorboard here: its own reader is not tried")
	}
	folder := t.TempDir()
	written(t, folder).Close()
	out, err := exec.Command(python, "-c", `
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1], size_guidance={"histograms": 0}); a.Reload()
print([(e.step, e.value) for e in a.Scalars("loss")], len(a.Histograms("weights")), a.Tensors("config")[0].tensor_proto.string_val[0])
`, folder).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "(4, 0.25)") || !strings.Contains(string(out), "lr = 0.1") {
		t.Errorf("%v: %s", err, out)
	}
}

func FuzzPrefixNeverPanics(f *testing.F) {
	f.Add(appendRecord(appendRecord(nil, version(1)), header(2, 9)), 5)
	f.Fuzz(func(t *testing.T, text []byte, step int) {
		if keep, err := prefix(bytes.NewReader(text), step); err != nil || keep < 0 || keep > int64(len(text)) {
			t.Errorf("keeps %d of %d, %v", keep, len(text), err)
		}
		stepOf(text)
	})
}
