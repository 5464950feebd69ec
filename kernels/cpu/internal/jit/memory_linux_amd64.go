package jit

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

//go:noescape
func call(code uintptr, table *uint64, groups int)

// loaded is machine code that is in executable memory, by its bytes. It stays there: a process meets a limited number of chains, of some kilobytes
// each. Nothing bounds their number, as what is compiled must not depend on what a process did before: sums would have other last digits.
var loaded sync.Map

var allocating sync.Mutex

// enter puts code into executable memory. It is written before it becomes executable, and never after.
func enter(code []byte) (uintptr, bool) {
	if at, ok := loaded.Load(string(code)); ok {
		return at.(uintptr), true
	}
	allocating.Lock()
	defer allocating.Unlock()
	size := (len(code) + unix.Getpagesize() - 1) &^ (unix.Getpagesize() - 1)
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return 0, false
	}
	copy(m, code)
	if err := unix.Mprotect(m, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		_ = unix.Munmap(m)
		return 0, false
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(m)))
	loaded.Store(string(code), at)
	return at, true
}
