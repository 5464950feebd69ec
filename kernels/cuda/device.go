//go:build gpu

package cuda

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/cublas"
	"drift/kernels/cuda/cublaslt"
	"drift/kernels/cuda/cudnn"
	"drift/kernels/cuda/driver"
	"drift/kernels/cuda/nccl"
)

// workspaceBytes is what cuBLAS may use besides the operands; NVIDIA recommends 32 MiB from compute capability 9.0 on.
const workspaceBytes = 32 << 20

// device is one GPU. All its work goes to one stream, in order, from one goroutine at a time; what a feed copies goes to another beside it.
type device struct {
	turn
	name        string
	options     Options
	gpu         cu.Device
	total       int64 // bytes of memory
	stream      cu.Stream
	copies      cu.Stream // of feeds; made with the first
	blas        *cublas.Handle
	workspace   uint64           // of cuBLAS and cublasLt
	lt          *cublaslt.Handle // nil without cublasLt, and until the first product that goes on
	ltSought    bool
	dnn         *cudnn.Handle // nil without cuDNN, and until the first convolution
	dnnSought   bool
	engines     engines    // of cuDNN, that were chosen
	attentions  attentions // that cuDNN computes
	functions   functions
	comm        *nccl.Comm // with the processes that it has joined; nil with none
	rank, size  int        // among them
	written     written
	pool        pool
	scratch     []*scratch
	columnBytes int64
	roundBytes  int // of adding
	report      Report
	profiling   profiling
	staging     [stages]stage
	next        int // stage
	transfer    transfer
	move        func() error // makes the transfer
}

// Open starts the device with the driver's number index.
func Open(index int, o Options) (kernels.Device, error) {
	if err := driver.Open(); err != nil {
		return nil, err
	}
	count, err := cu.NumDevices()
	if err != nil {
		return nil, fmt.Errorf("counting GPUs: %w", err)
	}
	if index < 0 || index >= count {
		return nil, fmt.Errorf("cuda:%d is not there: the driver offers %d GPU(s); see CUDA_VISIBLE_DEVICES", index, count)
	}
	how, err := chosenEngines()
	if err != nil {
		return nil, err
	}
	d := &device{name: fmt.Sprintf("cuda:%d", index), options: o, engines: engines{how: how}, columnBytes: columnBytes, roundBytes: roundBytes}
	d.move = func() error { return d.transfer.run() }
	if err := d.do(func() error { return d.start(index) }); err != nil {
		d.Close()
		return nil, fmt.Errorf("starting %s: %w", d.name, driver.Explain(err))
	}
	if err := d.startProfile(); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *device) start(index int) (err error) {
	if d.gpu, err = cu.GetDevice(index); err != nil {
		return err
	}
	major, minor, err := d.gpu.ComputeCapability()
	if err != nil {
		return err
	}
	if major < 8 {
		return fmt.Errorf("compute capability %d.%d: 8.0 (Ampere) or later is needed; choose the device cpu", major, minor)
	}
	if d.total, err = d.gpu.TotalMem(); err != nil {
		return err
	}
	if d.context, err = d.gpu.RetainPrimaryCtx(); err != nil {
		return err
	}
	if err = cu.SetCurrentContext(d.context); err != nil {
		return err
	}
	if d.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
		return err
	}
	d.pool.device = d
	d.functions, d.written = functions{}, written{}
	for i := range d.staging {
		if err = d.staging[i].open(); err != nil {
			return err
		}
	}
	if d.workspace, err = d.pool.get(workspaceBytes); err != nil {
		return err
	}
	return d.openCuBLAS(d.workspace)
}

func (d *device) Name() string { return d.name }

func (d *device) Synchronize() error {
	return d.do(func() error { return d.check("waiting", d.stream.Synchronize()) })
}

// TotalBytes is the size of the device's memory, whatever is in use.
func (d *device) TotalBytes() int64 { return d.total }

// FreeBytes counts the memory that freed buffers hold for reuse as free.
func (d *device) FreeBytes() (bytes int64) {
	d.do(func() error {
		free, _, err := cu.MemInfo()
		bytes = free + d.pool.idle
		return err
	})
	return bytes
}

// Close gives everything back but the primary context, which lives until the process ends: the libraries keep what they
// loaded into it, and would not know that another one had taken its place. The device's buffers and executables must not be used
// afterwards.
func (d *device) Close() error {
	written := d.writeProfile(true)
	err := d.do(d.release)
	d.end()
	if errors.Is(err, errClosed) {
		return nil
	}
	return errors.Join(err, written)
}

// release frees what start made, as far as it came. An error of work that was still pending is the one to know of: those that
// follow it say the same.
func (d *device) release() error {
	if d.stream == (cu.Stream{}) {
		return nil
	}
	if d.comm != nil {
		d.comm.Close()
	}
	err := d.check("finishing", d.stream.Synchronize())
	if d.blas != nil {
		d.blas.Close()
	}
	if d.lt != nil {
		d.lt.Close()
	}
	if d.dnn != nil {
		d.engines.close()
		d.attentions.close()
		d.dnn.Close()
	}
	if d.copies != (cu.Stream{}) {
		d.copies.Destroy()
	}
	d.pool.close()
	for i := range d.staging {
		d.staging[i].close()
	}
	d.functions.close()
	d.written.close()
	if failed := d.stream.Destroy(); err == nil {
		err = d.check("finishing", failed)
	}
	return err
}
