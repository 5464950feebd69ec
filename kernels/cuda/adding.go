//go:build gpu

package cuda

import (
	"errors"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/nccl"
	"drift/kernels/group"
)

var _ group.Adder = (*device)(nil)

// adding is sums of buffers over the processes that the device has joined. Every buffer falls into a segment for each process, which gets it
// from all the others, adds up the values in the tree of group.Sum with the kernels that add up everything else here, and gives the sum
// back to all. NCCL only moves bytes: it adds in an order of its own.
type adding struct {
	device  *device
	scratch *scratch
	bytes   int64
	rounds  []round
	done    func() error // waits for the others, made once so that Run allocates nothing
	written []*kernels.Version
}

// round is a part of the buffers that is added up at once.
type round struct {
	out, back func() error       // segments to those who add them up, and sums to all
	add       kernels.Executable // nil where this process has nothing to add up
}

// roundBytes bounds the buffers of a round, and with them the memory that adding up takes.
const roundBytes = 64 << 20

func (d *device) Joined() bool { return d.comm != nil }

func (d *device) Adding(buffers []kernels.Buffer) (kernels.Executable, error) {
	a := &adding{device: d}
	a.done = a.wait
	for _, b := range buffers {
		a.written = append(a.written, b.(*buffer).version)
	}
	rounds := rounds(buffers, d.roundBytes)
	for _, r := range rounds {
		a.bytes = max(a.bytes, int64(d.size)*segments(r, d.rank, d.size)*int64(r[0].dtype.Size()))
	}
	err := d.do(func() (err error) {
		if a.bytes > 0 {
			a.scratch, err = d.borrow(a.bytes)
		}
		return err
	})
	for k := 0; k < len(rounds) && err == nil; k++ {
		err = a.prepare(rounds[k])
	}
	if err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// rounds cuts buffers into parts of one type that are added up at once.
func rounds(buffers []kernels.Buffer, limit int) (all [][]*buffer) {
	var last []*buffer
	bytes := 0
	for _, b := range buffers {
		b := b.(*buffer)
		most := limit / b.dtype.Size()
		for from := 0; from < b.n; from += most {
			part := b.Slice(from, min(from+most, b.n)).(*buffer)
			size := part.n * part.dtype.Size()
			if len(last) > 0 && (bytes+size > limit || last[0].dtype != part.dtype) {
				all, last, bytes = append(all, last), nil, 0
			}
			last, bytes = append(last, part), bytes+size
		}
	}
	if len(last) > 0 {
		all = append(all, last)
	}
	return all
}

// segment is the elements [from, to) of n that a process adds up.
func segment(n, rank, size int) (from, to int) {
	each := (n + size - 1) / size
	return min(rank*each, n), min((rank+1)*each, n)
}

// segments is the number of elements of all the segments of a process.
func segments(buffers []*buffer, rank, size int) (n int64) {
	for _, b := range buffers {
		from, to := segment(b.n, rank, size)
		n += int64(to - from)
	}
	return n
}

// prepare makes a round. What comes from the processes lies in the scratch memory one behind the other, the same number of elements from each.
func (a *adding) prepare(buffers []*buffer) error {
	d, width := a.device, buffers[0].dtype.Size()
	each := int(segments(buffers, d.rank, d.size))
	room := &buffer{device: d, dtype: buffers[0].dtype, n: each * d.size}
	if a.scratch != nil {
		room.ptr = a.scratch.block
	}
	var out, back []nccl.Move
	place := func(b *buffer, from, to, peer int, out bool) nccl.Move {
		return nccl.Move{At: b.ptr + uint64(from*width), Bytes: (to - from) * width, Peer: peer, Out: out}
	}
	at := 0
	for _, b := range buffers {
		from, to := segment(b.n, d.rank, d.size)
		for peer := range d.size {
			theirs, end := segment(b.n, peer, d.size)
			out = append(out, place(b, theirs, end, peer, true), place(room, peer*each+at, peer*each+at+to-from, peer, false))
			back = append(back, place(room, at, at+to-from, peer, true), place(b, theirs, end, peer, false))
		}
		at += to - from
	}
	r := round{out: a.submitting(out), back: a.submitting(back)}
	var err error
	if each > 0 {
		r.add, err = d.Load(treeOf(room, each, d.size))
	}
	a.rounds = append(a.rounds, r)
	return err
}

func (a *adding) submitting(list []nccl.Move) func() error {
	moves := nccl.NewMoves(list)
	return func() error { return a.device.comm.Submit(a.device.stream, moves) }
}

// leaves is how many summands one kernel adds.
const leaves = 16

// treeOf are calls that add up size runs of n elements, one behind the other, into the first. Runs side by side are added first: 0 and 1, 2
// and 3, then these sums, and so on.
func treeOf(room kernels.Buffer, n, size int) (calls []kernels.Call) {
	for apart := 1; apart < size; {
		count := min(leaves, size/apart)
		for at := 0; at < size; at += count * apart {
			var in []kernels.Buffer
			for k := range count {
				from := (at + k*apart) * n
				in = append(in, room.Slice(from, from+n))
			}
			calls = append(calls, kernels.Call{Op: treeMap(n, count), Out: in[:1], In: in})
		}
		apart *= count
	}
	return calls
}

// treeMap adds count inputs, a power of two, in a binary tree.
func treeMap(n, count int) kernels.Map {
	m := kernels.Map{N: n}
	var level []uint8
	for k := range count {
		m.Access = append(m.Access, kernels.Access{B: 1, C: 1})
		level = append(level, uint8(k))
	}
	for len(level) > 1 {
		var next []uint8
		for k := 0; k < len(level); k += 2 {
			next = append(next, uint8(count+len(m.Code)))
			m.Code = append(m.Code, kernels.Instr{Fn: kernels.FnAdd, X: level[k], Y: level[k+1]})
		}
		level = next
	}
	m.Results = []uint8{level[0]}
	return m
}

// Run adds up and waits for the sums. Where that fails the communicator is ended, and others that wait for this process give up in time.
func (a *adding) Run() error {
	for _, v := range a.written {
		v.Changed()
	}
	for _, r := range a.rounds {
		if err := a.round(r); err != nil {
			return a.device.abort(err)
		}
	}
	return a.device.abort(a.device.do(a.done))
}

func (a *adding) round(r round) error {
	if err := a.device.do(r.out); err != nil {
		return err
	}
	if r.add != nil {
		if err := r.add.Run(); err != nil {
			return err
		}
	}
	return a.device.do(r.back)
}

func (a *adding) wait() error {
	return a.device.comm.Wait("ncclSend and ncclRecv", func() (bool, error) {
		err := a.device.stream.Query()
		if errors.Is(err, cu.NotReady) {
			return false, nil
		}
		return err == nil, err
	})
}

// abort ends the communicator where there is an error, with what it still does on the device.
func (d *device) abort(err error) error {
	if err == nil {
		return nil
	}
	return d.do(func() error {
		d.comm.Abort()
		return d.check("adding up by NCCL", err)
	})
}

func (a *adding) ScratchBytes() int64 { return a.bytes }

func (a *adding) Close() {
	for _, r := range a.rounds {
		if r.add != nil {
			r.add.Close()
		}
	}
	if a.scratch != nil {
		a.device.do(func() error {
			a.device.giveBack(a.scratch)
			return nil
		})
	}
	a.rounds, a.scratch = nil, nil
}
