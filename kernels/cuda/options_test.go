package cuda

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestParsePrecision(t *testing.T) {
	for _, p := range []Precision{Full, TF32, BF16} {
		if got, err := ParsePrecision(p.String()); err != nil || got != p {
			t.Errorf("%v is read as %v, %v", p, got, err)
		}
	}
	if _, err := ParsePrecision("float16"); err == nil || !strings.Contains(err.Error(), "bf16") {
		t.Errorf("float16: %v, want the choices", err)
	}
}

func TestErrorTexts(t *testing.T) {
	memory := &OutOfMemory{Device: "cuda:0", Wanted: 3 << 20, Free: 1 << 20, Total: 4 << 20}
	if got := memory.Error(); !strings.Contains(got, "3.0 MiB wanted, 1.0 of 4.0 MiB free") {
		t.Error(got)
	}
	lost := error(&Lost{Device: "cuda:0", Doing: "reading", Cause: io.ErrUnexpectedEOF})
	if !errors.Is(lost, io.ErrUnexpectedEOF) || !strings.Contains(lost.Error(), "last checkpoint") {
		t.Error(lost)
	}
}
