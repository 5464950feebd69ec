//go:build gpu

package cuda

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/profile"
)

// profiling is where $DRIFT_CUDA_PROFILE wants the profile, and what it is compared with.
type profiling struct {
	path     string
	ceilings []profile.Ceiling
	written  time.Time
}

// profileEvery is the time between two writings of the profile, which a process that is ended leaves behind.
const profileEvery = time.Second

// startProfile measures the device's ceilings if the environment asks for a profile.
func (d *device) startProfile() error {
	path := os.Getenv("DRIFT_CUDA_PROFILE")
	if path == "" || d.options.Profile != nil {
		return nil
	}
	for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
		c, err := profile.Measure(d, dt)
		if err != nil {
			return err
		}
		d.profiling.ceilings = append(d.profiling.ceilings, c)
	}
	d.options.Profile = new(profile.Profile)
	d.profiling.path, d.profiling.written = path, time.Now()
	return nil
}

// writeProfile writes the file that the environment asks for, at the end or if the last time was long ago.
func (d *device) writeProfile(end bool) error {
	w := &d.profiling
	if w.path == "" || !end && time.Since(w.written) < profileEvery {
		return nil
	}
	w.written = time.Now()
	text, err := json.MarshalIndent(d.options.Profile.Table(d.name, w.ceilings), "", " ")
	if err == nil {
		if err = os.WriteFile(w.path+".part", text, 0o666); err == nil {
			err = os.Rename(w.path+".part", w.path)
		}
	}
	if err != nil {
		return fmt.Errorf("writing the profile that DRIFT_CUDA_PROFILE asks for: %w", err)
	}
	return nil
}

// timed issues the commands between events, waits for the last one and adds what each part took to the profile. Where the host is
// slower than the device, a part's time is that from launch to launch.
func (e *executable) timed() error {
	d := e.device
	for len(e.events) <= len(e.parts) {
		event, err := cu.MakeEvent(cu.DefaultEvent)
		if err != nil {
			return d.check("making an event", err)
		}
		e.events = append(e.events, event)
	}
	err := e.events[0].Record(d.stream)
	for k, from := 0, 0; k < len(e.parts) && err == nil; k++ {
		for _, c := range e.commands[from:e.parts[k].end] {
			if err := c.issue(d); err != nil {
				return d.check("launching a kernel", err)
			}
		}
		from = e.parts[k].end
		err = e.events[k+1].Record(d.stream)
	}
	if err == nil {
		err = d.stream.Synchronize()
	}
	if err == nil {
		err = e.addTimes()
	}
	return d.check("timing kernels", err)
}

func (e *executable) addTimes() error {
	from := 0
	for k, p := range e.parts {
		ms, err := e.events[k].Elapsed(e.events[k+1])
		if err != nil {
			return err
		}
		e.device.options.Profile.Add(p.key(e.commands[from:p.end]), ms/1e3)
		from = p.end
	}
	ms, err := e.events[0].Elapsed(e.events[len(e.parts)])
	e.device.options.Profile.AddWhole(ms / 1e3)
	return err
}

// key is the profile's row that a part belongs to.
func (p part) key(commands []command) profile.Key {
	key := profile.Of(p.calls...)
	var how []string
	for _, c := range commands {
		if name := c.kernel(); len(how) == 0 || how[len(how)-1] != name {
			how = append(how, name)
		}
	}
	key.How = strings.Join(how, " ")
	return key
}
