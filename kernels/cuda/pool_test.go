//go:build gpu

package cuda

import (
	"errors"
	"strings"
	"testing"

	"drift/kernels"
)

func TestOutOfMemorySaysWhatIsMissing(t *testing.T) {
	d := open(t, Options{})
	free := d.FreeBytes()
	_, err := d.NewBuffer(kernels.Float32, int(free/4)+1<<20)
	var out *OutOfMemory
	if !errors.As(err, &out) {
		t.Fatalf("got %v, want OutOfMemory", err)
	}
	if out.Wanted < free || out.Free <= 0 || out.Total < out.Free || strings.Contains(err.Error(), "\n") {
		t.Errorf("%+v: %v", out, err)
	}
}

// Memory of freed buffers is used again: for the same size as it is, for another once the driver has it back.
func TestFreedMemoryIsUsedAgain(t *testing.T) {
	d := open(t, Options{})
	n := int(d.FreeBytes() / 4 * 5 / 8)
	for _, size := range []int{n, n, n + 4096} {
		b, err := d.NewBuffer(kernels.Float32, size)
		if err != nil {
			t.Fatal(err)
		}
		before := d.FreeBytes()
		b.Free()
		if got := d.FreeBytes() - before; got < int64(size)*4 {
			t.Errorf("freeing %d bytes gave %d", 4*size, got)
		}
	}
}
