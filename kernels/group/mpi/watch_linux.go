//go:build mpi

package mpi

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// watching is the environment variable that makes a process the watcher of those whose numbers it has, by rank.
const watching = "DRIFT_MPI_WATCHED"

func init() {
	if list := os.Getenv(watching); list != "" {
		watch(strings.Fields(list))
		os.Exit(0)
	}
}

// watched learns the numbers of processes that are all on this machine. Under MPICH it has one more process tell which of them ended before
// the others: mpiexec kills all in the same moment and tells a process number only, so that none of them could tell its rank. Other
// launchers name the rank themselves.
func (w *world) watched(l launch) error {
	if l.local != w.size {
		return nil
	}
	own, all := make([]byte, 8), make([]byte, 8*w.size)
	binary.LittleEndian.PutUint64(own, uint64(os.Getpid()))
	if err := w.Gather(all, own); err != nil {
		return err
	}
	for k := range w.size {
		w.numbers = append(w.numbers, int(binary.LittleEndian.Uint64(all[8*k:])))
	}
	if l.family != mpich {
		return nil
	}
	clear(own)
	if w.rank == 0 {
		binary.LittleEndian.PutUint64(own, uint64(spawn(w.numbers))) // without one, the launcher's line has to do
	}
	err := w.Broadcast(own)
	w.watcher = int(binary.LittleEndian.Uint64(own))
	return err
}

// spawn starts the watcher of processes with these numbers, in a session of its own, which the launcher does not end. It is 0 where it cannot.
func spawn(numbers []int) int {
	path, err := os.Executable()
	if err != nil {
		return 0
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	for _, f := range open { // a launcher takes a process for alive while its connection is open anywhere
		if fd, err := strconv.Atoi(f.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), watching+"="+strings.Trim(fmt.Sprint(numbers), "[]"))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0
	}
	go cmd.Wait()
	return cmd.Process.Pid
}

// unwatched ends the watcher, before processes end as they should.
func (w *world) unwatched() {
	if w.watcher > 0 {
		syscall.Kill(w.watcher, syscall.SIGKILL)
		w.watcher = 0
	}
}

// watch waits for the first of these processes to end, and tells its rank. The system lists those that have ended in the order in which
// they did, so that it does not matter how late this process gets to look. Files are closed a moment before a process has ended: where the system
// takes its time in between, the launcher may have ended another one by then.
func watch(numbers []string) {
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return
	}
	for rank, text := range numbers {
		number, err := strconv.Atoi(text)
		if err != nil {
			return
		}
		fd, err := unix.PidfdOpen(number, 0)
		if err == unix.ESRCH {
			tell(rank)
			return
		}
		if err != nil || unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(rank)}) != nil {
			return
		}
	}
	var first [1]unix.EpollEvent
	for {
		switch n, err := unix.EpollWait(set, first[:], -1); {
		case err == unix.EINTR:
		case err != nil:
			return
		case n == 1:
			tell(int(first[0].Fd))
			return
		}
	}
}

func tell(rank int) {
	fmt.Fprintf(os.Stderr, "drift: process %d ended before the others: it was killed, or has told above what it met\n", rank)
}
