package main

import (
	"fmt"
	"strconv"
	"strings"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/cuda"
)

// openDevice starts the device that --device names, or that stands for auto here.
func (a *app) openDevice() (kernels.Device, error) {
	name := a.device
	if name == "auto" {
		name = resolveDevice(name, cuda.Probe())
	}
	if name == "cpu" {
		return cpu.New(cpu.Options{Threads: a.threads}), nil
	}
	index := 0
	if _, number, numbered := strings.Cut(name, ":"); numbered {
		var err error
		if index, err = strconv.Atoi(number); err != nil {
			return nil, err
		}
	}
	dev, err := cuda.Open(index, cuda.Options{Precision: a.precision})
	if err != nil {
		return nil, fmt.Errorf("opening --device %s: %w", a.device, err)
	}
	return dev, nil
}

// resolveDevice turns auto into cuda where a GPU can be used, else into cpu.
func resolveDevice(name string, gpu cuda.Info) string {
	if name != "auto" {
		return name
	}
	if gpu.Missing == "" && len(gpu.Devices) > 0 {
		return "cuda"
	}
	return "cpu"
}
