package objective

import "drift/kernels"

// The default number of examples in a chunk: leastChunk keeps a processor busy. A GPU takes up to mostChunk, as long as chunkRoom
// times the memory of a gradient of that chunk fits on it, so that the heaviest expressions fit too.
const (
	leastChunk = 1024
	mostChunk  = 8192
	chunkRoom  = 16
)

// gpu is a device with memory of its own.
type gpu interface {
	kernels.Device
	// TotalBytes is the size of its memory, whatever is in use.
	TotalBytes() int64
}

// defaultChunk is a function of the model and the device alone, and not of what happens to be free there: sums over chunks round
// differently for every size.
func (f *Objective) defaultChunk() (int, error) {
	chunk := leastChunk
	dev, ok := f.device.(gpu)
	if !ok || f.Examples(Train) == 0 {
		return chunk, nil
	}
	plan, err := f.Training().plan(chunk, meanGradient(f.theta))
	if err != nil {
		return 0, err
	}
	for need := chunkRoom * plan.Bytes(); chunk < mostChunk && 2*need <= dev.TotalBytes(); need *= 2 {
		chunk *= 2
	}
	return chunk, nil
}
