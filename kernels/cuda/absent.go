//go:build !gpu

package cuda

import (
	"errors"

	"drift/kernels"
	"drift/kernels/group"
)

const absent = "this binary was built without CUDA: build it with `make gpu` (gcc, no CUDA toolkit needed) or choose the device cpu"

// Open returns an error in a build without the tag gpu.
func Open(index int, o Options) (kernels.Device, error) { return nil, errors.New(absent) }

// Join does nothing in a build without the tag gpu, whose devices are processors.
func Join(dev kernels.Device, g *group.Group, o Joining) (string, error) { return "", nil }

// Try returns an error in a build without the tag gpu.
func Try(index int, o Options) (Report, error) { return Report{}, errors.New(absent) }

// Probe reports what the machine offers.
func Probe() Info { return Info{Devices: []GPU{}, Missing: absent} }
