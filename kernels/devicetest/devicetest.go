// Package devicetest chooses the device that tests of the layers above run on, so that the same tests cover every device.
package devicetest

import (
	"fmt"
	"os"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/cuda"
)

// Open starts the processor with so many threads, or the first GPU where the environment says DRIFT_TEST_DEVICE=cuda.
// It panics where there is none, so that a test asked to use it does not pass without it.
func Open(threads int) kernels.Device {
	switch name := os.Getenv("DRIFT_TEST_DEVICE"); name {
	case "", "cpu":
		return cpu.New(cpu.Options{Threads: threads})
	case "cuda":
		d, err := cuda.Open(0, cuda.Options{})
		if err != nil {
			panic(err)
		}
		return d
	default:
		panic(fmt.Sprintf("DRIFT_TEST_DEVICE is %q: choose cpu or cuda", name))
	}
}
