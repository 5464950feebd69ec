//go:build gpu

package cuda

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"

	"drift/kernels/cuda/driver"
)

// lost holds the driver's errors after which a context does no more work: of memory and hardware (214, 220, 226), faults of kernels
// (700 to 721, less those that only refuse a call), a device that is gone (46, 911), a context that is, and unknown ones.
var lost = map[int]bool{
	46: true, 214: true, 220: true, 226: true, 700: true, 702: true, 709: true, 710: true, 714: true, 715: true, 716: true,
	717: true, 718: true, 719: true, 721: true, 911: true, 999: true,
}

// check names what was being done, and tells errors that end the context from others, once. The libraries report such an error in
// words of their own, so that the stream is asked too.
func (d *device) check(doing string, err error) error {
	if err == nil || err == errClosed || errors.As(err, new(*Lost)) {
		return err
	}
	cause := err
	if driver.Code(err) == 0 && d.stream != (cu.Stream{}) {
		cause = d.stream.Synchronize()
	}
	if lost[driver.Code(cause)] {
		return &Lost{Device: d.name, Doing: doing, Cause: driver.Explain(cause)}
	}
	return fmt.Errorf("%s: %s: %w", d.name, doing, driver.Explain(err))
}
