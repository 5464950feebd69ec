//go:build gpu

package cuda

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"drift/kernels/cuda/driver"
)

var errNoCuBLAS = errors.New("cuBLAS is not here: install the package nvidia-cublas-cu12 with pip (or PyTorch, which brings it), " +
	"or set DRIFT_CUBLAS to the path of libcublas.so.12")

// findCuBLAS returns the library to open: the path given, $DRIFT_CUBLAS, or the first found.
func findCuBLAS(given string) (string, error) {
	if given == "" {
		given = os.Getenv("DRIFT_CUBLAS")
	}
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			return "", fmt.Errorf("opening cuBLAS: %w", err)
		}
		return given, nil
	}
	path := find("libcublas.so.13", "libcublas.so.12", "libcublas.so.11")
	if path == "" {
		return "", errNoCuBLAS
	}
	// The library's own second half lies beside it, where the loader may not look.
	driver.Library(strings.Replace(path, "libcublas.so", "libcublasLt.so", 1))
	return path, nil
}

// findCuDNN returns $DRIFT_CUDNN, or the first library found; "" does without it, as does DRIFT_CUDNN=off.
func findCuDNN() string {
	switch given := os.Getenv("DRIFT_CUDNN"); given {
	case "":
		return find("libcudnn.so.9", "libcudnn.so.8")
	case "off":
		return ""
	default:
		return given
	}
}

// find returns the first of the libraries that the loader knows or that lies in a usual folder, newest names first.
func find(names ...string) string {
	for _, name := range names {
		if path := driver.Library(name); path != "" {
			return path
		}
	}
	for _, folder := range folders() {
		for _, name := range names {
			if found, _ := filepath.Glob(filepath.Join(folder, name)); len(found) > 0 {
				return found[0]
			}
		}
	}
	return ""
}

// folders are the toolkit's, and those of the nvidia packages that the first Python in PATH can import.
func folders() []string {
	list := []string{"/usr/local/cuda/lib64"}
	paths, err := exec.Command("python3", "-c", "import sys; print('\\n'.join(sys.path))").Output()
	if err != nil {
		return list
	}
	for _, path := range strings.Split(strings.TrimSpace(string(paths)), "\n") {
		list = append(list, filepath.Join(path, "nvidia/*/lib"))
	}
	return list
}
