//go:build gpu

package cuda

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/driver"
)

// command is one submission to the device's stream.
type command interface {
	issue(d *device) error
	kernel() string // what does it, in a word or two
}

// release frees what commands hold besides memory of the device's pool.
func release(commands []command) {
	for _, c := range commands {
		if held, ok := c.(interface{ Close() }); ok {
			held.Close()
		}
	}
}

// executable runs its commands one by one the first time, when libraries still load what they need. The second time it records
// them as a graph, which is launched from then on; a command alone needs none.
type executable struct {
	device   *device
	commands []command
	parts    []part
	events   []cu.Event // around the parts, in a profile
	scratch  *scratch
	bytes    int64
	graph    driver.Graph
	begun    bool               // the commands have run
	recorded bool               // graph holds the commands
	single   bool               // commands are always issued one by one
	run      func() error       // launch, made once so that Run allocates nothing
	written  []*kernels.Version // of its outputs
}

// Load checks the calls and turns them into commands.
func (d *device) Load(calls []kernels.Call) (kernels.Executable, error) {
	for i, c := range calls {
		if err := c.Check(); err != nil {
			return nil, fmt.Errorf("%s: call %d: %w", d.name, i, err)
		}
	}
	e := &executable{device: d, single: d.options.Eager, written: kernels.Written(calls)}
	e.run = e.launch
	if d.options.Profile != nil {
		e.run = e.timed
	}
	err := d.do(func() error { return e.plan(calls) })
	if err != nil {
		if lost[driver.Code(err)] { // every call says so once a kernel has failed
			err = d.check("loading kernels", err)
		}
		e.Close()
		return nil, err
	}
	return e, nil
}

// plan plans with as much workspace for cuDNN as the device can spare, and with little where that turns out to be too much.
func (e *executable) plan(calls []kernels.Call) error {
	err := e.planWithin(e.device.workspaceLimit(), calls)
	if errors.As(err, new(*OutOfMemory)) {
		err = e.planWithin(leastWorkspace, calls)
	}
	return err
}

// planWithin makes the commands twice: first to learn how much scratch memory they need, then with its address.
func (e *executable) planWithin(workspace int64, calls []kernels.Call) error {
	d := e.device
	sizing := planner{device: d, workspace: workspace, sizing: true}
	defer func() { release(sizing.commands) }()
	if err := sizing.add(calls); err != nil {
		return err
	}
	final := planner{device: d, workspace: workspace}
	if e.bytes = sizing.scratchBytes; e.bytes > 0 {
		var err error
		if e.scratch, err = d.borrow(e.bytes); err != nil {
			return err
		}
		final.scratch = e.scratch.block
	}
	err := final.add(calls)
	e.commands, e.parts = final.commands, final.plan
	if err == nil {
		d.planned(&final)
	}
	if err == nil && final.scratchBytes > e.bytes {
		err = fmt.Errorf("%s: planned twice, the same work wants %d and %d bytes of scratch memory", d.name, e.bytes, final.scratchBytes)
	}
	return err
}

func (e *executable) Run() error {
	for _, v := range e.written {
		v.Changed()
	}
	if err := e.device.do(e.run); err != nil || e.device.options.Profile == nil {
		return err
	}
	return e.device.writeProfile(false)
}

func (e *executable) launch() error {
	d := e.device
	if e.begun && !e.recorded && !e.single && len(e.commands) > 1 {
		var err error
		e.graph, err = driver.Capture(d.stream, e.issue)
		e.recorded = err == nil
		e.single = err != nil // a library whose calls cannot be recorded still runs
		d.captured(len(e.commands), err)
	}
	if e.recorded {
		return d.check("launching a graph", e.graph.Launch(d.stream))
	}
	e.begun = true
	return e.issue()
}

func (e *executable) issue() error {
	for _, c := range e.commands {
		if err := c.issue(e.device); err != nil {
			return e.device.check("launching a kernel", err)
		}
	}
	return nil
}

func (e *executable) ScratchBytes() int64 { return e.bytes }

func (e *executable) Close() {
	e.device.do(func() error {
		if e.scratch != nil {
			e.device.giveBack(e.scratch)
		}
		release(e.commands)
		e.commands, e.scratch = nil, nil
		err := e.graph.Destroy()
		e.graph = driver.Graph{}
		for k := range e.events {
			cu.DestroyEvent(&e.events[k])
		}
		e.events = nil
		return err
	})
}
