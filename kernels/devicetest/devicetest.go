// Package devicetest chooses the device that tests of the layers above run on, so that the same tests cover every device.
package devicetest

import (
	"fmt"
	"os"
	"sync"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/cuda"
)

// Open starts the processor with this number of threads, or the first GPU where the environment says DRIFT_TEST_DEVICE=cuda. It panics
// where there is none, so that a test asked to use it does not pass without it.
func Open(threads int) kernels.Device {
	switch name := os.Getenv("DRIFT_TEST_DEVICE"); name {
	case "", "cpu":
		return cpu.New(cpu.Options{Threads: threads})
	case "cuda":
		return gpu()
	default:
		panic(fmt.Sprintf("DRIFT_TEST_DEVICE is %q: choose cpu or cuda", name))
	}
}

// shared is a device that all tests of a process use; closing it is left to the process's end.
type shared struct{ whole }

// whole is what the layers above ask a GPU for.
type whole interface {
	kernels.Feeder
	TotalBytes() int64
}

func (shared) Close() error { return nil }

var gpu = sync.OnceValue(func() kernels.Device {
	o := cuda.Options{Notice: func(line string) { fmt.Fprintln(os.Stderr, line) }}
	d, err := cuda.Open(0, o)
	if err != nil {
		panic(err)
	}
	return shared{d.(whole)}
})
