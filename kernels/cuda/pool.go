//go:build gpu

package cuda

import (
	"errors"

	"gorgonia.org/cu"
)

// pool keeps freed memory for requests of the same size: programs of the same shapes ask for the same sizes again, and
// the driver's own allocation waits for the device. It is used in the device's turn only.
type pool struct {
	device *device
	sizes  map[uint64]int64 // of every block
	free   map[int64][]uint64
	idle   int64 // bytes in free
}

// get returns a block of the given size in bytes, whose contents are undefined. Nothing lies at address 0.
func (p *pool) get(bytes int64) (uint64, error) {
	if bytes == 0 {
		return 0, nil
	}
	if list := p.free[bytes]; len(list) > 0 {
		p.free[bytes] = list[:len(list)-1]
		p.idle -= bytes
		return list[len(list)-1], nil
	}
	block, err := cu.MemAlloc(bytes)
	if errors.Is(err, cu.OutOfMemory) && p.idle > 0 {
		p.release()
		block, err = cu.MemAlloc(bytes)
	}
	if errors.Is(err, cu.OutOfMemory) {
		free, total, _ := cu.MemInfo()
		return 0, &OutOfMemory{Device: p.device.name, Wanted: bytes, Free: free, Total: total}
	}
	if err != nil {
		return 0, p.device.check("allocating memory", err)
	}
	if p.sizes == nil {
		p.sizes, p.free = map[uint64]int64{}, map[int64][]uint64{}
	}
	p.sizes[uint64(block)] = bytes
	return uint64(block), nil
}

// put takes a block back. Work on it that is still pending comes before any later use, as there is one stream.
func (p *pool) put(block uint64) {
	if bytes, ok := p.sizes[block]; ok {
		p.free[bytes] = append(p.free[bytes], block)
		p.idle += bytes
	}
}

// release gives the idle blocks back to the driver, which waits for the device first.
func (p *pool) release() {
	for _, list := range p.free {
		for _, block := range list {
			delete(p.sizes, block)
			cu.MemFree(cu.DevicePtr(block))
		}
	}
	clear(p.free)
	p.idle = 0
}

func (p *pool) close() {
	for block := range p.sizes {
		cu.MemFree(cu.DevicePtr(block))
	}
	*p = pool{}
}

// scratch is memory that executables share, as they run one after another.
type scratch struct {
	block uint64
	bytes int64
	users int
}

// borrow finds or makes scratch memory of at least this size in bytes.
func (d *device) borrow(bytes int64) (*scratch, error) {
	for _, s := range d.scratch {
		if s.bytes >= bytes {
			s.users++
			return s, nil
		}
	}
	block, err := d.pool.get(bytes)
	if err != nil {
		return nil, err
	}
	s := &scratch{block: block, bytes: bytes, users: 1}
	d.scratch = append(d.scratch, s)
	return s, nil
}

func (d *device) giveBack(s *scratch) {
	if s.users--; s.users > 0 {
		return
	}
	d.pool.put(s.block)
	for i, other := range d.scratch {
		if other == s {
			d.scratch = append(d.scratch[:i], d.scratch[i+1:]...)
			return
		}
	}
}
