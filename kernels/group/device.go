package group

import "drift/kernels"

// Adder is a device that may add up its buffers over the processes of a group without the host.
type Adder interface {
	// Joined reports whether the device has joined those of the other processes.
	Joined() bool
	// Adding prepares to replace buffers, as long in all processes, by their sums over these, with the bits of Group.Sum. Run returns when the
	// sums are there.
	Adding(buffers []kernels.Buffer) (kernels.Executable, error)
}

// Through has a device add up: sum runs in all processes, unless one could not get to its part and says why; then all return errors as
// Agree does. Where sum fails, others may wait in it for this process, so that the group is broken and Abort is left.
func (g *Group) Through(sum func() error, err error) error {
	if err := g.Agree(err); err != nil || g.Size() == 1 {
		return err
	}
	if err := sum(); err != nil {
		return g.breaks("adding over %d processes: %w", g.Size(), err)
	}
	return nil
}
