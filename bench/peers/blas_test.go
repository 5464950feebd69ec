package peers

import (
	"encoding/json"
	"strings"
	"testing"
)

// What is loaded is told from the names of libraries, a tuned BLAS before a link in the name of the reference.
func TestLoadedBLAS(t *testing.T) {
	cases := []struct {
		want  string
		paths []string
	}{
		{"OpenBLAS 0.3.29", []string{"/usr/lib/openblas-pthread/libblas.so.3", "/usr/lib/openblas-pthread/libopenblasp-r0.3.29.so"}},
		{"OpenBLAS", []string{"/opt/torch.libs/libopenblas.so.0"}},
		{"MKL", []string{"/opt/conda/lib/libmkl_rt.so.2", "/opt/conda/lib/libcblas.so.3"}},
		{"BLIS", []string{"/usr/lib/libblis.so.4.0.0", "/usr/lib/libblas.so.3"}},
		{referenceBLAS, []string{"/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.12.1", "/lib/libc.so.6"}},
		{"", []string{"/lib/libc.so.6", "/usr/lib/libcublas.so.12", "/usr/lib/torch/lib/libtorch_cpu.so"}},
	}
	for _, c := range cases {
		paths, _ := json.Marshal(c.paths)
		got := strings.TrimSpace(string(script(t, "-c", "import sys, json; sys.path.insert(0, '.'); import blas; print(blas.loaded(json.loads(sys.argv[1])))", string(paths))))
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.paths, got, c.want)
		}
	}
}

func TestPeersNameTheirBLAS(t *testing.T) {
	p, err := shell(t, `echo '{"name": "Toy 1.2", "ops": ["gemm"], "blas": "reference BLAS"}'; read line`)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Toy 1.2 (2 threads) on reference BLAS"; p.Label() != want {
		t.Errorf("%q, want %q", p.Label(), want)
	}
	if note := doubts([]*Peer{p}); !strings.HasPrefix(note, "Toy 1.2 ") || !strings.Contains(note, "libopenblas0") {
		t.Errorf("note %q", note)
	}
	p.BLAS = "OpenBLAS 0.3.29"
	if note := doubts([]*Peer{p}); note != "" {
		t.Errorf("note %q", note)
	}
}
