//go:build unix

package main

import (
	"os"
	"syscall"
)

// stopSignals ask for an end after the current step, with a checkpoint: Ctrl-C, and what terminals and batch systems send before they
// end a process.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1}
