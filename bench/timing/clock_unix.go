//go:build unix

package timing

import (
	"syscall"
	"time"
)

// processorTime is the time that all threads of this process have spent on processors.
var processorTime = func() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // has no way to fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
