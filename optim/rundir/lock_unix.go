//go:build unix

package rundir

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Lock holds the folder until the result is closed or the process ends, however it ends.
func Lock(path string) (io.Closer, error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errors.New("another process is writing to it: wait for it to end, or name another folder")
	}
	if err != nil && !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.ENOLCK) { // some network file systems have no locks
		return nil, errors.Join(err, folder.Close())
	}
	return folder, nil
}
