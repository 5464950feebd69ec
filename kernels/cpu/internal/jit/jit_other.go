//go:build !(linux && amd64)

package jit

// Available reports false, as Compile does.
func Available() bool { return false }

// Compile reports false: there is no code for this machine.
func Compile(Program) (*Function, bool) { return nil, false }

func call(uintptr, *uint64, int) { panic("jit: internal error: a call without code") }
