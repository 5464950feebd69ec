// Package mpi is processes that mpirun or srun has started, as a group. Builds with the tag mpi open the MPI library at run time: Open MPI,
// the family of MPICH (Intel MPI, MVAPICH, Cray MPICH), or one with the standard ABI of MPI 5. No header and no compiler is needed. Builds without
// it know when they were started as one of many, and refuse.
package mpi

import (
	"fmt"
	"os"
	"strconv"
)

// launch is what a launcher tells its processes.
type launch struct {
	by         string // of the launcher
	rank, size int
	local      int    // processes on this machine; 0 where it does not tell
	place      int    // of this one among them
	family     family // of its library
}

type family int

const (
	unknown family = iota
	openMPI
	mpich
	abi // the standard ABI of MPI 5
)

// launchers are told apart by the variables that they set.
var launchers = []struct {
	by, size, rank, local, place string
	family                       family
}{
	{"Open MPI's mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", openMPI},
	{"MPICH's mpiexec", "PMI_SIZE", "PMI_RANK", "MPI_LOCALNRANKS", "MPI_LOCALRANKID", mpich},
	{"srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "", "SLURM_LOCALID", unknown},
}

// launched is how this process was started; a size of 1 where nothing tells of others.
func launched() launch {
	for _, l := range launchers {
		size, err := strconv.Atoi(os.Getenv(l.size))
		if err != nil || size < 1 {
			continue
		}
		rank, _ := strconv.Atoi(os.Getenv(l.rank))
		local, _ := strconv.Atoi(os.Getenv(l.local))
		place, _ := strconv.Atoi(os.Getenv(l.place))
		return launch{l.by, rank, size, local, max(0, place), l.family}
	}
	return launch{size: 1}
}

// Refused is an error that all processes meet before they know of each other. Rank is the one that the launcher gave this process.
type Refused struct {
	Rank int
	Err  error
}

func (r Refused) Error() string { return r.Err.Error() }

func (r Refused) Unwrap() error { return r.Err }

func (l launch) refuse(format string, args ...any) error {
	return Refused{l.rank, fmt.Errorf("joining the %d processes of %s: "+format, append([]any{l.size, l.by}, args...)...)}
}

// Local is the number of processes that the launcher started on this machine, 1 where it does not tell.
func Local() int { return max(1, launched().local) }

// Place is the number of this process among those that the launcher started on this machine, from 0; 0 where it does not tell.
func Place() int { return launched().place }
