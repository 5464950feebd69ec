//go:build gpu

package cuda

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCompilerOfTheSameCUDA(t *testing.T) {
	for cuBLAS, want := range map[int]string{11803: "libnvrtc.so.11.2", 120803: "libnvrtc.so.12", 130000: "libnvrtc.so.13"} {
		if got := nvrtc(cuBLAS); got != want {
			t.Errorf("beside cuBLAS %d: %s, want %s", cuBLAS, got, want)
		}
	}
}

// The packages of CUDA 12 and of CUDA 13 lie in different folders of what Python can import.
func TestLibrariesOfPythonPackagesAreFound(t *testing.T) {
	site := t.TempDir()
	var want []string
	for _, path := range []string{"nvidia/cu13/lib/libcublas.so.13", "nvidia/cublas/lib/libcublas.so.12", "nvidia/cudnn/lib/libcudnn.so.9"} {
		file := filepath.Join(site, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		want = append(want, file)
	}
	var found []string
	for _, folder := range pythonFolders("/usr\n" + site + "\n") {
		for _, name := range []string{"libcublas.so.13", "libcublas.so.12", "libcudnn.so.9"} {
			paths, _ := filepath.Glob(filepath.Join(folder, name))
			found = append(found, paths...)
		}
	}
	slices.Sort(want)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}
