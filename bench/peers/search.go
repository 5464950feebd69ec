package peers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// LibraryVariable names the OpenBLAS to use, where it is in none of the usual places.
const LibraryVariable = "DRIFT_OPENBLAS"

// candidate is a peer that may be there, or why it is not.
type candidate struct {
	name, setting  string
	python, script string
	args           []string
	threads        int
	missing        string
}

func candidates(ctx context.Context, threads int) []candidate {
	pythons := interpreters()
	if len(pythons) == 0 {
		return []candidate{{missing: "no peers: python3 is not on this machine"}}
	}
	var all []candidate
	if library := openBLAS(); library != "" {
		all = append(all, candidate{name: "OpenBLAS", python: pythons[0], script: "openblas.py", threads: threads,
			args: []string{library, fmt.Sprint(threads)}})
	} else {
		all = append(all, candidate{missing: "no OpenBLAS found: install it (libopenblas0) or name the file in " + LibraryVariable})
	}
	python := withModule(ctx, pythons, "torch")
	if python == "" {
		return append(all, candidate{missing: "no PyTorch found in " + strings.Join(pythons, " or ") + ": install it (python3-torch)"})
	}
	for _, n := range slices.Compact([]int{1, threads}) {
		setting := fmt.Sprintf("%d threads", n)
		if n == 1 {
			setting = "1 thread"
		}
		all = append(all, candidate{name: "PyTorch with " + setting, setting: setting, python: python, script: "torch_cpu.py",
			threads: threads, args: []string{fmt.Sprint(n)}})
	}
	return all
}

// interpreters is the Python of the search path and that of the system, which may have packages that the first lacks.
func interpreters() []string {
	var found []string
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if path, err := exec.LookPath(name); err == nil && !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	return found
}

// withModule is the first interpreter that has a module, or "".
func withModule(ctx context.Context, pythons []string, module string) string {
	for _, python := range pythons {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		const find = "import importlib.util, sys; sys.exit(not importlib.util.find_spec(sys.argv[1]))"
		err := exec.CommandContext(ctx, python, "-c", find, module).Run()
		cancel()
		if err == nil {
			return python
		}
	}
	return ""
}

// openBLAS is the path of the library, or "".
func openBLAS() string {
	if path := os.Getenv(LibraryVariable); path != "" {
		return path
	}
	folders := append(filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")), "/usr/local/lib", "/usr/lib/x86_64-linux-gnu",
		"/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/opt/homebrew/opt/openblas/lib", "/usr/local/opt/openblas/lib")
	for _, folder := range folders {
		for _, name := range []string{"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"} {
			if path := filepath.Join(folder, name); folder != "" && exists(path) {
				return path
			}
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// environment is this process's without what would choose kernels for another processor or a number of threads. The BLAS
// under a peer gets all the threads; the peer's own are set by its script.
func environment(threads int) []string {
	clean := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "OPENBLAS_") || strings.HasPrefix(name, "OMP_") || strings.HasPrefix(name, "GOMP_") ||
			strings.HasPrefix(name, "KMP_") || strings.HasPrefix(name, "MKL_")
	})
	return append(clean, fmt.Sprintf("OPENBLAS_NUM_THREADS=%d", threads), "PYTHONDONTWRITEBYTECODE=1")
}
