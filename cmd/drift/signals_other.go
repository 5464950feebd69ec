//go:build !unix

package main

import (
	"os"
	"syscall"
)

// stopSignals ask for an end after the current step, with a checkpoint.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}
