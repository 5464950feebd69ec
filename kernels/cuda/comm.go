//go:build gpu

package cuda

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"drift/kernels"
	"drift/kernels/cuda/driver"
	"drift/kernels/cuda/nccl"
	"drift/kernels/group"
)

// Join makes the devices of a group's processes add up their buffers by NCCL (group.Adder), where all have a GPU to themselves and the same
// NCCL. It returns in a few words how they add up. Where NCCL does not work in one of them, they do it on the host, and the words say
// why. All processes call it, whatever their devices; devices that do not go together are an error in all of them.
func Join(dev kernels.Device, g *group.Group, o Joining) (how string, err error) {
	if g.Size() == 1 {
		return "", nil
	}
	timeout, err := o.timeout()
	if err = g.Agree(err); err != nil {
		return "", err
	}
	own, library := seat{Device: dev.Name()}, (*nccl.Library)(nil)
	d, is := dev.(*device)
	if is {
		library, err = d.seat(&own)
	}
	if err = g.Agree(err); err != nil {
		return "", err
	}
	host, err := own.meet(g, o)
	if host == "" && own.GPU != "" && err == nil {
		host, err = d.join(g, library, timeout)
	}
	switch {
	case err != nil:
		return "", err
	case host != "":
		return "sums by way of the host: " + host, nil
	case own.GPU == "":
		return "", nil
	}
	return "sums by NCCL " + driver.Version(library.Version), nil
}

// seat fills in what the others want to know of the device, and opens NCCL.
func (d *device) seat(s *seat) (library *nccl.Library, err error) {
	if s.GPU, err = driver.UUID(d.gpu); err != nil {
		return nil, fmt.Errorf("%s: asking for its UUID: %w", d.name, driver.Explain(err))
	}
	path, err := findNCCL()
	if err == nil {
		library, err = nccl.Open(path)
	}
	if err != nil {
		s.Missing = err.Error()
		return nil, nil
	}
	s.NCCL = library.Version
	return library, nil
}

// meet tells the others of this process's device, and is match of all.
func (own seat) meet(g *group.Group, o Joining) (host string, err error) {
	text, err := json.Marshal(own)
	if err != nil {
		return "", err
	}
	all, err := g.Gather(text)
	if err != nil {
		return "", err
	}
	seats := make([]seat, len(all))
	for rank, text := range all {
		if err := json.Unmarshal(text, &seats[rank]); err != nil {
			return "", fmt.Errorf("what process %d tells of its device: %w", rank, err)
		}
	}
	return match(seats, o)
}

// join makes a communicator with the others, or says why there is none.
func (d *device) join(g *group.Group, library *nccl.Library, timeout time.Duration) (host string, err error) {
	var id nccl.ID
	var failed error
	if g.First() {
		failed = d.do(func() (err error) {
			id, err = library.NewID()
			return err
		})
	}
	var text []byte
	if failed == nil {
		text = id[:]
	}
	if text, err = g.Broadcast(text); err != nil {
		return "", err
	}
	if len(text) == len(id) {
		copy(id[:], text)
		failed = d.do(func() (err error) {
			d.comm, err = library.Join(id, g.Rank(), g.Size(), timeout)
			return err
		})
	}
	return d.joined(g, failed)
}

// joined finds out whether all have joined, and leaves where one has not.
func (d *device) joined(g *group.Group, failed error) (host string, err error) {
	all, err := g.Gather([]byte(outcome(failed)))
	host = reason(all)
	if (err != nil || host != "") && d.comm != nil {
		d.do(func() error {
			d.comm.Abort()
			return nil
		})
		d.comm = nil
	}
	d.rank, d.size = g.Rank(), g.Size()
	return host, err
}

// waited marks the outcome of a process that waited in vain, and knows least of what went wrong.
const waited = "\x00"

func outcome(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, nccl.ErrSilent):
		return waited + err.Error()
	}
	return err.Error()
}

// reason is the outcome that says most.
func reason(outcomes [][]byte) (best string) {
	for _, marked := range []bool{true, false} {
		for rank, text := range slices.Backward(outcomes) {
			if why, w := strings.CutPrefix(string(text), waited); why != "" && w == marked {
				best = fmt.Sprintf("process %d: NCCL: %s", rank, why)
			}
		}
	}
	return best
}
