//go:build gpu

package driver

import (
	"debug/elf"
	"os"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	for n, want := range map[int]string{8906: "8.9.6", 11803: "11.8.3", 90100: "9.1.0", 91002: "9.10.2", 120803: "12.8.3", 130000: "13.0.0"} {
		if got := Version(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

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
