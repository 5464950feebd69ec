//go:build gpu

package cuda

import (
	"fmt"

	"gorgonia.org/cu"

	"drift/kernels/cuda/driver"
)

// Probe reports what the machine offers, without starting a device.
func Probe() Info {
	info := Info{Built: true, Devices: []GPU{}}
	paths, missing := findCuBLAS("")
	if len(paths) > 0 {
		info.CuBLAS = paths[0]
		openSecondHalf(paths[0])
	}
	info.CuDNN, _ = findCuDNN()
	info.NCCL, _ = findNCCL()
	if err := driver.Open(); err != nil {
		info.Missing = err.Error()
		return info
	}
	v := cu.Version()
	info.Driver = fmt.Sprintf("%d.%d", v/1000, v%1000/10)
	count, _ := cu.NumDevices()
	for i := range count {
		gpu, err := cu.GetDevice(i)
		if err != nil {
			continue
		}
		name, _ := gpu.Name()
		major, minor, _ := gpu.ComputeCapability()
		bytes, _ := gpu.TotalMem()
		info.Devices = append(info.Devices, GPU{Name: name, Capability: fmt.Sprintf("%d.%d", major, minor), Bytes: bytes})
	}
	switch {
	case len(info.Devices) == 0:
		info.Missing = "the driver offers no GPU; see CUDA_VISIBLE_DEVICES"
	case missing != nil:
		info.Missing = missing.Error()
	}
	return info
}
