package main

import (
	"fmt"
	"strconv"
	"strings"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/cuda"
	"drift/kernels/profile"
)

// openDevice starts the device that --device names, or that stands for auto here.
func (a *app) openDevice() (kernels.Device, error) { return a.openProfiled(nil) }

// openProfiled is openDevice with a profile that gets the time of every call, if it is not nil.
func (a *app) openProfiled(p *profile.Profile) (kernels.Device, error) {
	name := a.device
	if name == "auto" {
		name = resolveDevice(name, cuda.Probe())
	}
	index, err := deviceIndex(name)
	if err != nil {
		return nil, err
	}
	if index < 0 {
		return cpu.New(cpu.Options{Threads: a.threads, Profile: p}), nil
	}
	dev, err := cuda.Open(index, cuda.Options{Precision: a.precision, Profile: p, Notice: a.notice})
	if err != nil {
		return nil, fmt.Errorf("opening --device %s: %w", a.device, err)
	}
	return dev, nil
}

// deviceIndex is the number of a GPU, −1 for the processor.
func deviceIndex(name string) (int, error) {
	if name == "cpu" {
		return -1, nil
	}
	_, number, numbered := strings.Cut(name, ":")
	if !numbered {
		return 0, nil
	}
	return strconv.Atoi(number)
}

// notice tells what works less well than it should.
func (a *app) notice(line string) {
	if !a.quiet {
		fmt.Fprintln(a.stderr, "drift: note: "+line)
	}
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
