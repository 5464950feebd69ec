//go:build gpu

// Package nccl opens NCCL at run time and moves bytes between the GPUs of several processes with it. Nothing in it waits for ever: it asks
// NCCL how things go instead of waiting in it, and gives up after a time.
package nccl

/*
#include "nccl.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"drift/kernels/cuda/driver"
)

// Library is an NCCL of version 2.18 or later.
type Library struct {
	lib     C.drift_nccl
	Path    string
	Version int // 21805 is 2.18.5
}

// least is the first version whose calls are those that package nccl knows.
const least = 21800

// Open loads the library at path.
func Open(path string) (*Library, error) {
	l := &Library{Path: path}
	// The version is asked before anything is said to be missing: older ones lack functions.
	err := driver.Symbols(path, unsafe.Pointer(&l.lib), "ncclGetVersion", "ncclGetUniqueId?", "ncclCommInitRankConfig?", "ncclCommGetAsyncError?",
		"ncclCommFinalize?", "ncclCommDestroy?", "ncclCommAbort?", "ncclGroupStart?", "ncclGroupEnd?", "ncclSend?", "ncclRecv?",
		"ncclGetErrorString?", "ncclGetLastError?")
	if err == nil && l.lib.init == nil && l.lib.unique_id == nil {
		err = fmt.Errorf("%s is no NCCL", path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening NCCL: %w; set DRIFT_NCCL to a libnccl.so.2", err)
	}
	var version C.int
	if status := C.drift_nccl_version(&l.lib, &version); status != 0 {
		return nil, fmt.Errorf("opening NCCL %s: ncclGetVersion: %s", path, l.text(status))
	}
	l.Version = int(version)
	switch {
	case l.Version < least:
		return nil, fmt.Errorf("NCCL %s is version %s, and %s is the first that works: set DRIFT_NCCL to a newer one", path, driver.Version(l.Version), driver.Version(least))
	case l.Version >= 30000:
		return nil, fmt.Errorf("NCCL %s is version %s, and only those from %s up to 3 are known: set DRIFT_NCCL to one of them", path, driver.Version(l.Version), driver.Version(least))
	case l.lib.init == nil || l.lib.unique_id == nil || l.lib.state == nil || l.lib.finalize == nil || l.lib.destroy == nil || l.lib.abort == nil ||
		l.lib.group_start == nil || l.lib.group_end == nil || l.lib.send == nil || l.lib.recv == nil:
		return nil, fmt.Errorf("NCCL %s lacks a function: set DRIFT_NCCL to another libnccl.so.2", path)
	}
	return l, nil
}

// String is the version and where the library lies.
func (l *Library) String() string { return driver.Version(l.Version) + " " + l.Path }

// ID names a communicator that processes are to join.
type ID [128]byte

// NewID is made by one process, which passes it on to the others.
func (l *Library) NewID() (ID, error) {
	var id C.drift_nccl_id
	if status := C.drift_nccl_unique_id(&l.lib, &id); status != 0 {
		return ID{}, fmt.Errorf("ncclGetUniqueId: %s", l.text(status))
	}
	return *(*ID)(unsafe.Pointer(&id)), nil
}

// text is the library's word for a status and, where there is a communicator, for its last error.
func (l *Library) text(status C.int) string {
	return fmt.Sprintf("%s (status %d)", C.GoString(C.drift_nccl_text(&l.lib, status)), status)
}

func (l *Library) explain(comm unsafe.Pointer, status C.int) string {
	text := l.text(status)
	if last := strings.TrimSpace(C.GoString(C.drift_nccl_last(&l.lib, comm))); last != "" {
		text += ": " + strings.ReplaceAll(last, "\n", "; ")
	}
	return text
}
