//go:build !linux

package cpu

// FreeBytes is a guess: other systems have no portable way to ask.
func (d *device) FreeBytes() int64 { return unknownMemory }
