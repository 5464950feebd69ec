package objective

import "drift/kernels"

// The default number of examples in a chunk is the largest power of two, from leastChunk to the most of the device's kind, for which a
// gradient works within room bytes. The heaviest expressions take about four times the memory of a gradient, and six times that of the scores
// of attention where it is written in products (graph.Plan.ScoreBytes), which a gradient never has in memory; so one and a half of them count as its
// own.
const (
	leastChunk = 8
	hostMost   = 1024
	hostRoom   = 320 << 20
	gpuMost    = 8192
	gpuRoom    = 2560 << 20
)

// gpu is a device with memory of its own.
type gpu interface {
	kernels.Device
	// TotalBytes is the size of its memory, whatever is in use.
	TotalBytes() int64
}

// Room is the memory in bytes that passes are made to work in: a function of the kind of device alone, for the sake of repeatable bits.
func (f *Objective) Room() int64 {
	if _, ok := f.device.(gpu); ok {
		return gpuRoom
	}
	return hostRoom
}

// defaultChunk is a function of the model, the element type and the kind of device alone. How much memory a machine has does not
// count: sums over chunks round differently for every size, and a run would have other bits elsewhere.
func (f *Objective) defaultChunk() (int, error) {
	most := hostMost
	if _, ok := f.device.(gpu); ok {
		most = gpuMost
	}
	if f.total() == 0 {
		return most, nil
	}
	plan, err := f.Training().plan(hostMost, meanGradient(f.theta))
	if err != nil {
		return 0, err
	}
	chunk, bytes := most, plan.Bytes()+plan.ScoreBytes()*3/2
	for chunk > leastChunk && bytes/hostMost*int64(chunk) > f.Room() { // it grows in proportion
		chunk /= 2
	}
	return chunk, nil
}
