package main

import (
	"cmp"
	"fmt"
	"strings"

	"drift/cmd/drift/internal/machine"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/cuda"
	"drift/kernels/group/mpi"
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
	dev, err := a.startDevice(name, p)
	if err != nil {
		return nil, err
	}
	how, err := cuda.Join(dev, a.group, cuda.Joining{Shared: numbered(name)})
	if err != nil {
		dev.Close()
		return nil, fmt.Errorf("computing in %d processes: %w", a.group.Size(), err)
	}
	if how != "" {
		a.tell(fmt.Sprintf("%d processes on GPUs: %s", a.group.Size(), how))
	}
	return dev, nil
}

func (a *app) startDevice(name string, p *profile.Profile) (kernels.Device, error) {
	index, err := machine.Index(name)
	if err != nil {
		return nil, err
	}
	if index < 0 {
		return cpu.New(cpu.Options{Threads: cmp.Or(a.threads, shareOf(a.group)), Profile: p}), nil
	}
	if all := len(cuda.Probe().Devices); a.group.Size() > 1 && !numbered(name) && all > 0 {
		index = mpi.Place() % all // each process of this machine has one of its own, unless the launcher shows each another one
	}
	dev, err := cuda.Open(index, cuda.Options{Precision: a.precision, Profile: p, Notice: a.notice})
	if err != nil {
		return nil, fmt.Errorf("opening --device %s: %w", a.device, err)
	}
	return dev, nil
}

// numbered reports a device's name that says which GPU is meant.
func numbered(name string) bool { return strings.Contains(name, ":") }

// notice tells what works less well than it should.
func (a *app) notice(line string) {
	if !a.quiet {
		fmt.Fprintln(a.stderr, "drift: note: "+line)
	}
}
