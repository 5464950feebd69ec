//go:build mpi && (linux || darwin)

package mpi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Variable is the environment variable that names an MPI library to open in the place of the one that is found.
const Variable = "DRIFT_MPI"

// names of libraries, by family, in the order in which they are tried.
var names = map[family][]string{
	openMPI: {"libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"},
	mpich:   {"libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.12.dylib"},
	abi:     {"libmpi_abi.so.0", "libmpi_abi.so"},
}

// library is an MPI library with what its ABI calls things.
type library struct {
	name      string
	handle    uintptr
	functions map[string]uintptr

	comm, byteType, errorsReturn uintptr
}

// functions that are used.
var wanted = []string{"MPI_Init_thread", "MPI_Comm_set_errhandler", "MPI_Comm_rank", "MPI_Comm_size", "MPI_Alltoall", "MPI_Allgather", "MPI_Bcast",
	"MPI_Abort", "MPI_Finalize", "MPI_Error_string"}

// open finds the library of a family, or of any where there is none of it.
func open(of family) (*library, error) {
	if err := quiet(); err != nil {
		return nil, err
	}
	if path := os.Getenv(Variable); path != "" {
		lib, err := load(path)
		if err != nil {
			return nil, fmt.Errorf("opening the MPI library that %s names: %w", Variable, err)
		}
		return lib, nil
	}
	var tried []string
	for _, f := range []family{of, openMPI, mpich, abi} {
		for _, name := range names[f] {
			lib, err := load(name)
			if err == nil {
				return lib, nil
			}
			tried = append(tried, name)
		}
	}
	return nil, fmt.Errorf("no MPI library is found (%s): install one, or name its file in %s", strings.Join(tried, ", "), Variable)
}

// quiet keeps UCX, which MPI libraries open, from taking Go's SIGSEGV for its own. The C library has an environment beside Go's.
func quiet() error {
	libc, err := purego.Dlopen("", purego.RTLD_NOW)
	if err != nil {
		return err
	}
	setenv, err := purego.Dlsym(libc, "setenv")
	if err != nil {
		return err
	}
	name, value := append([]byte("UCX_HANDLE_ERRORS"), 0), append([]byte("none"), 0)
	purego.SyscallN(setenv, uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&value[0])), 1)
	return nil
}

// load opens a library and finds out which ABI it has.
func load(path string) (*library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	lib := &library{name: path, handle: handle, functions: map[string]uintptr{}}
	for _, name := range wanted {
		if lib.functions[name], err = purego.Dlsym(handle, name); err != nil {
			return nil, fmt.Errorf("%s is no MPI library: it has no %s", path, name)
		}
	}
	return lib, lib.handles()
}

// handles finds what the library calls its world, its bytes, and the way to return errors.
func (l *library) handles() (err error) {
	if world, err := purego.Dlsym(l.handle, "ompi_mpi_comm_world"); err == nil { // Open MPI: addresses
		l.comm = world
		if l.byteType, err = purego.Dlsym(l.handle, "ompi_mpi_byte"); err != nil {
			return err
		}
		l.errorsReturn, err = purego.Dlsym(l.handle, "ompi_mpi_errors_return")
		return err
	}
	if strings.Contains(l.name, "mpi_abi") { // MPI 5: small integers
		l.comm, l.byteType, l.errorsReturn = 0x101, 0x247, 0x143
		return nil
	}
	l.comm, l.byteType, l.errorsReturn = 0x44000000, 0x4c00010d, 0x54000001 // MPICH: integers
	return nil
}

// call is an MPI function, whose error it returns.
//
//go:uintptrescapes
func (l *library) call(function string, args ...uintptr) error {
	code, _, _ := purego.SyscallN(l.functions[function], args...)
	if int32(code) == 0 {
		return nil
	}
	text, length := make([]byte, 1024), int32(0) // MPI_MAX_ERROR_STRING is 512 at most
	purego.SyscallN(l.functions["MPI_Error_string"], code, uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&length)))
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	return fmt.Errorf("%s: %s", function, bytes.ReplaceAll(bytes.TrimSpace(text), []byte("\n"), []byte("; ")))
}

const serialized = 2 // MPI_THREAD_SERIALIZED, in all ABIs but the standard one

// begin starts MPI. Go moves goroutines between threads, so calls come from any of them, one at a time.
func (l *library) begin() error {
	want, provided := uintptr(serialized), int32(0)
	if strings.Contains(l.name, "mpi_abi") {
		want = 0x1000
	}
	if err := l.call("MPI_Init_thread", 0, 0, want, uintptr(unsafe.Pointer(&provided))); err != nil {
		return err
	}
	if uintptr(provided) < want {
		return fmt.Errorf("%s takes calls from one thread only (level %d): build it with threads", l.name, provided)
	}
	return l.call("MPI_Comm_set_errhandler", l.comm, l.errorsReturn)
}
