package kernels

import (
	"slices"
	"sync/atomic"
)

// Version counts how often the memory of a buffer and of all its slices was written: by the host, by executables, by copies beside them. Whoever
// keeps what was computed from the memory sees by it whether the memory may hold something else by now. The methods of a nil Version do nothing.
type Version struct{ n atomic.Uint64 }

// Changed is called by a device before it writes.
func (v *Version) Changed() {
	if v != nil {
		v.n.Add(1)
	}
}

// Count is the number of writes so far.
func (v *Version) Count() uint64 {
	if v == nil {
		return 0
	}
	return v.n.Load()
}

// Versioned is a buffer that has a version, which it shares with its slices.
type Versioned interface {
	Buffer
	Version() *Version
}

// VersionOf is the version of a buffer; nil where it counts no writes.
func VersionOf(b Buffer) *Version {
	if v, ok := b.(Versioned); ok {
		return v.Version()
	}
	return nil
}

// Written is the versions of all that calls write, each once.
func Written(calls []Call) (all []*Version) {
	for _, c := range calls {
		for _, b := range c.Out {
			if v := VersionOf(b); v != nil && !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all
}
