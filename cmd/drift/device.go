package main

import (
	"cmp"
	"fmt"

	"drift/cmd/drift/internal/machine"
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
		name = machine.Resolve(name, cuda.Probe())
	}
	index, err := machine.Index(name)
	if err != nil {
		return nil, err
	}
	if index < 0 {
		return cpu.New(cpu.Options{Threads: cmp.Or(a.threads, shareOf(a.group)), Profile: p}), nil
	}
	dev, err := cuda.Open(index, cuda.Options{Precision: a.precision, Profile: p, Notice: a.notice})
	if err != nil {
		return nil, fmt.Errorf("opening --device %s: %w", a.device, err)
	}
	return dev, nil
}

// notice tells what works less well than it should.
func (a *app) notice(line string) {
	if !a.quiet {
		fmt.Fprintln(a.stderr, "drift: note: "+line)
	}
}
