//go:build gpu

package cuda

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gorgonia.org/cu"

	"drift/kernels/cuda/cublas"
	"drift/kernels/cuda/driver"
)

var errNoCuBLAS = errors.New("cuBLAS is not here: install the package nvidia-cublas-cu12 with pip (or PyTorch, which brings it), " +
	"or set DRIFT_CUBLAS to the path of libcublas.so.12")

// findCuBLAS returns the libraries to try: the path given, or $DRIFT_CUBLAS, or all that are found, newest first.
func findCuBLAS(given string) ([]string, error) {
	if given == "" {
		given = os.Getenv("DRIFT_CUBLAS")
	}
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			return nil, fmt.Errorf("opening cuBLAS: %w", err)
		}
		return []string{given}, nil
	}
	list := find("libcublas.so.13", "libcublas.so.12", "libcublas.so.11")
	if len(list) == 0 {
		return nil, errNoCuBLAS
	}
	return list, nil
}

// openCuBLAS opens the first library that works: one that is newer than the driver does not.
func (d *device) openCuBLAS(workspace uint64) error {
	paths, err := findCuBLAS(d.options.CuBLAS)
	for _, path := range paths {
		// The library's own second half lies beside it, where the loader may not look.
		driver.Library(strings.Replace(path, "libcublas.so", "libcublasLt.so", 1))
		var failed error
		if d.blas, failed = cublas.Open(path, d.stream, cu.DevicePtr(workspace), workspaceBytes); failed == nil {
			return nil
		}
		if err != nil {
			failed = fmt.Errorf("%w; %w", err, failed)
		}
		err = failed
	}
	return err
}

// findCuDNN returns $DRIFT_CUDNN, or the first library found; "" does without it, as does DRIFT_CUDNN=off.
func findCuDNN() string {
	switch given := os.Getenv("DRIFT_CUDNN"); given {
	case "":
		if list := find("libcudnn.so.9", "libcudnn.so.8"); len(list) > 0 {
			return list[0]
		}
		return ""
	case "off":
		return ""
	default:
		return given
	}
}

// find returns those of the libraries that the loader knows, by name, and if there are none those that lie in a usual folder.
func find(names ...string) (list []string) {
	for _, name := range names {
		if path := driver.Library(name); path != "" {
			list = append(list, path)
		}
	}
	if len(list) > 0 {
		return list
	}
	usual := folders()
	for _, name := range names {
		for _, folder := range usual {
			found, _ := filepath.Glob(filepath.Join(folder, name))
			list = append(list, found...)
		}
	}
	return list
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
