package timing

import (
	"fmt"
	"strings"

	"drift/kernels"
)

// gpuSteps is the steps that a GPU is given at a time, between two waits for it, as its peers do too.
const gpuSteps = 10

// gpuWorks are whole steps at sizes that fill a GPU; bench/peers times the same in other libraries under the same names.
var gpuWorks = []struct {
	net network
	way step
}{
	{network{name: "mlp4096", spec: "mlp:4096,4096", batch: 8192}, step{name: "sgd", open: sgd}},
	{network{name: "cnn", spec: "cnn", batch: 1024}, step{name: "sgd", open: sgd}},
	{network{name: "resnet20", spec: "resnet20", batch: 1024, shape: resnet20.shape}, step{name: "sgd", open: sgd}},
	{network{name: "mlp1024", spec: "mlp:1024,1024", batch: 512}, step{name: "gradient", open: gradient}},
	{network{name: "mlp1024", spec: "mlp:1024,1024", batch: 512}, step{name: "trace-gradient", open: traceGradient}},
	{network{name: "mlp1024", spec: "mlp:1024,1024", batch: 512}, step{name: "hvp", open: hvp}},
	{network{name: "mlp1024", spec: "mlp:1024,1024", batch: 512}, step{name: "sigma-vector", open: sigmaVector}},
}

// gpuPrefix begins the names of cases that take a GPU.
const gpuPrefix = "gpu/"

// ForGPU reports whether a case is one of GPUCases.
func ForGPU(name string) bool { return strings.HasPrefix(name, gpuPrefix) }

// GPUCases is whole steps at sizes that fill a GPU, "gpu/mlp4096/sgd"; small ones only show that they work.
func GPUCases(dtype kernels.DType, small bool) []Case {
	var all []Case
	for _, w := range gpuWorks {
		net, times := w.net, gpuSteps
		if small {
			net, times = net.tiny(), 1
		}
		all = append(all, Case{Name: fmt.Sprintf("%s%s/%s", gpuPrefix, net.name, w.way.name), Open: several(work(net, w.way, dtype, net.batch), times)})
	}
	return all
}

// tiny is the network with narrow layers, few examples and small images.
func (w network) tiny() network {
	w.spec = strings.NewReplacer("4096", "16", "1024", "16", "resnet20", "resnet20,width=8").Replace(w.spec)
	w.batch = 2
	if w.shape != nil {
		w.shape = []int{w.shape[0], w.shape[1] / 2, w.shape[2] / 2}
	}
	return w
}

// several makes a Run of a number of steps, after which the device is waited for once.
func several(open func(kernels.Device) (*Work, error), times int) func(kernels.Device) (*Work, error) {
	return func(dev kernels.Device) (*Work, error) {
		w, err := open(dev)
		if err != nil {
			return nil, err
		}
		w.Steps, w.Run = times, synchronous(dev, func() error {
			for range times {
				if err := w.submit(); err != nil {
					return err
				}
			}
			return nil
		})
		return w, nil
	}
}
