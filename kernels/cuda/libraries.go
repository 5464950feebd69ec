//go:build gpu

package cuda

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

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

// openSecondHalf opens libcublasLt, which lies beside the library that needs it, where the loader may not look. cuDNN needs it too.
func openSecondHalf(path string) {
	driver.Library(strings.Replace(path, "libcublas.so", "libcublasLt.so", 1))
}

// openCuBLAS opens the first library that works: one that is newer than the driver does not.
func (d *device) openCuBLAS(workspace uint64) error {
	paths, err := findCuBLAS(d.options.CuBLAS)
	for _, path := range paths {
		openSecondHalf(path)
		var failed error
		if d.blas, failed = cublas.Open(path, d.stream, cu.DevicePtr(workspace), workspaceBytes); failed == nil {
			d.report.CuBLAS = driver.Version(d.blas.Version) + " " + path
			return nil
		}
		if err != nil {
			failed = fmt.Errorf("%w; %w", err, failed)
		}
		err = failed
	}
	return err
}

// findCuDNN returns $DRIFT_CUDNN, or the first library found, if all its parts are there. DRIFT_CUDNN=off does without it.
func findCuDNN() (string, error) {
	list := []string{os.Getenv("DRIFT_CUDNN")}
	switch list[0] {
	case "":
		list = find("libcudnn.so.9", "libcudnn.so.8")
	case "off":
		return "", nil
	default:
		if _, err := os.Stat(list[0]); err != nil {
			return "", fmt.Errorf("opening cuDNN: %w", err)
		}
	}
	if len(list) == 0 {
		return "", errNoCuDNN
	}
	for _, path := range list {
		if complete(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("a part of %s is missing: install the package nvidia-cudnn-cu12 or -cu13 with pip", list[0])
}

var errNoCuDNN = errors.New("cuDNN is not here: install the package nvidia-cudnn-cu12 or -cu13 with pip (PyTorch brings it)")

var errNoNCCL = errors.New("NCCL is not here: install the package nvidia-nccl-cu12 or -cu13 with pip (PyTorch brings it), or set DRIFT_NCCL to the path of libnccl.so.2")

// findNCCL returns $DRIFT_NCCL, or the first library found. DRIFT_NCCL=off does without it.
func findNCCL() (string, error) {
	switch path := os.Getenv("DRIFT_NCCL"); path {
	case "":
		if list := find("libnccl.so.2"); len(list) > 0 {
			return list[0], nil
		}
		return "", errNoNCCL
	case "off":
		return "", errors.New("DRIFT_NCCL=off")
	default:
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("opening NCCL: %w", err)
		}
		return path, nil
	}
}

// openNVRTC opens the compiler that cuDNN looks for by its name alone when it makes kernels of its own; in a Python environment the
// loader does not find it. It is that of the CUDA that cuBLAS belongs to.
func openNVRTC(cuBLAS int) {
	for _, path := range find(nvrtc(cuBLAS)) {
		if driver.Library(path) != "" {
			return
		}
	}
}

// nvrtc is the compiler's name beside a version of cuBLAS.
func nvrtc(cuBLAS int) string {
	if cuBLAS < 20000 {
		return "libnvrtc.so.11.2" // of all versions from 11.2 on
	}
	return fmt.Sprint("libnvrtc.so.", cuBLAS/10000)
}

// cuDNNParts are libraries that those of a version of cuDNN open themselves and that convolutions cannot do without.
var cuDNNParts = map[string][]string{".so.8": {"ops_train", "cnn_train"}, ".so.9": {"graph", "heuristic", "engines_precompiled"}}

// complete opens the parts of the cuDNN at path and reports whether those that convolutions need are there. cuDNN looks for them
// where the loader does, which may not be the folder that it lies in or have those of another version, and ends the process
// where it does not find one; parts that are open already it takes as they are.
func complete(path string) bool {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	folder, file := filepath.Split(path)
	for version, needed := range cuDNNParts {
		_, tail, ok := strings.Cut(file, "libcudnn"+version)
		if !ok {
			continue
		}
		beside, _ := filepath.Glob(folder + "libcudnn_*" + version + tail)
		for range 2 { // a part may need one that comes later
			for _, part := range beside {
				driver.Library(part)
			}
		}
		return !slices.ContainsFunc(needed, func(part string) bool { return driver.Library("libcudnn_"+part+version) == "" })
	}
	return false
}

// find returns those of the libraries that the loader knows, by name, followed by those that lie in a usual folder.
func find(names ...string) (list []string) {
	for _, name := range names {
		if path := driver.Library(name); path != "" {
			list = append(list, path)
		}
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

// folders are the toolkit's, and those of the first Python in PATH: of the nvidia packages that it can import, and its own.
var folders = sync.OnceValue(func() []string {
	list := []string{"/usr/local/cuda/lib64", "/usr/local/cuda-*/lib64"}
	const script = "import sys; print('\\n'.join([sys.prefix] + sys.path))"
	paths, err := exec.Command("python3", "-c", script).Output()
	if err != nil {
		return list
	}
	return append(list, pythonFolders(string(paths))...)
})

// pythonFolders are those below the lines that Python prints: its own folder, then what it imports from.
func pythonFolders(lines string) (list []string) {
	for k, path := range strings.Split(strings.TrimSpace(lines), "\n") {
		switch {
		case k == 0:
			list = append(list, filepath.Join(path, "lib"))
		case filepath.IsAbs(path):
			list = append(list, filepath.Join(path, "nvidia/*/lib"))
		}
	}
	return list
}
