package main

import (
	"fmt"
	"syscall"

	"drift/kernels/group/mpi"
)

// Addresses that a process takes whatever it does: those that Go's runtime keeps for itself, and those of an MPI library. With fewer it may end
// with a trace at any moment.
const (
	fewest       = 1_500_000_000
	fewestJoined = 2 << 30
)

// addresses refuses a limit on this process's addresses that leaves no room to work in.
func addresses() error {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &limit) != nil {
		return nil
	}
	least := uint64(fewest)
	if mpi.Local() > 1 {
		least = fewestJoined
	}
	if limit.Cur < least {
		return fmt.Errorf("starting: the addresses of a process are limited to %.2f GB, it takes %.2f GB at least: raise the limit (ulimit -v %d)",
			float64(limit.Cur)/1e9, float64(least)/1e9, (least+1023)/1024)
	}
	return nil
}
