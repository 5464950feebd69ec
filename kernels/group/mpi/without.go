//go:build !mpi || !(linux || darwin)

package mpi

import "drift/kernels/group"

// Start is the group that this process belongs to, nil for a process alone.
func Start() (*group.Group, error) {
	l := launched()
	if l.size == 1 {
		return nil, nil
	}
	return nil, l.refuse("this build knows no MPI: build drift with -tags mpi (make mpi), or start one process")
}
