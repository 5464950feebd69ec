//go:build gpu

package driver

import (
	"debug/elf"
	"os"
	"strings"
	"testing"
)

// One binary must start on any machine: it may need the C library, and nothing of CUDA.
func TestBinaryNeedsNoCUDA(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	needed, err := binary.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range needed {
		if !strings.HasPrefix(library, "libc.") && !strings.HasPrefix(library, "libdl.") && !strings.HasPrefix(library, "libpthread.") {
			t.Errorf("the binary needs %s", library)
		}
	}
}
