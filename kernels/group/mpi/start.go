//go:build mpi && (linux || darwin)

package mpi

import (
	"drift/kernels/group"
)

// Start is the group that this process belongs to, nil for a process alone.
func Start() (*group.Group, error) {
	l := launched()
	if l.size == 1 {
		return nil, nil
	}
	w, err := join(l)
	if err != nil {
		return nil, err
	}
	g, err := group.New(w)
	if err != nil {
		w.Close()
		return nil, Refused{l.rank, err}
	}
	return g, nil
}

// join starts MPI, and refuses a library that knows nothing of the launcher.
func join(l launch) (*world, error) {
	limit, err := patience()
	if err != nil {
		return nil, Refused{l.rank, err}
	}
	lib, err := open(l.family)
	if err != nil {
		return nil, l.refuse("%w", err)
	}
	if err := within(limit, func() string { return "" }, lib.begin); err != nil {
		return nil, l.refuse("%w", err)
	}
	w, err := lib.world()
	if err == nil && w.size != l.size {
		err = l.refuse("%s counts %d: it belongs to another launcher: use the mpirun of that library, or name the launcher's own library in %s",
			lib.name, w.size, Variable)
	}
	if err != nil {
		lib.call("MPI_Finalize") // of a process alone: it waits for nobody
		return nil, err
	}
	w.limit = limit
	if err := w.watched(l); err != nil {
		return nil, l.refuse("%w", err)
	}
	return w, nil
}
