//go:build gpu

package driver

// #include <cuda.h>
import "C"

import (
	"unsafe"

	"gorgonia.org/cu"
)

func raw(s cu.Stream) C.CUstream { return C.CUstream(unsafe.Pointer(s.C())) }

// Graph is work that was captured from a stream, ready to be launched again.
type Graph struct{ exec C.CUgraphExec }

// Capture records what issue submits to the stream instead of running it. The stream must not be used by others meanwhile.
func Capture(s cu.Stream, issue func() error) (Graph, error) {
	if err := result(C.cuStreamBeginCapture(raw(s), C.CU_STREAM_CAPTURE_MODE_RELAXED)); err != nil {
		return Graph{}, err
	}
	failed := issue()
	var g C.CUgraph
	err := result(C.cuStreamEndCapture(raw(s), &g))
	if err == nil {
		defer C.cuGraphDestroy(g)
	}
	if failed != nil {
		return Graph{}, failed
	}
	if err != nil {
		return Graph{}, err
	}
	var out Graph
	err = result(C.cuGraphInstantiateWithFlags(&out.exec, g, 0))
	return out, err
}

// Launch submits the graph's work to the stream.
func (g Graph) Launch(s cu.Stream) error { return result(C.cuGraphLaunch(g.exec, raw(s))) }

// Destroy frees the graph; work already launched goes on.
func (g Graph) Destroy() error {
	if g.exec == nil {
		return nil
	}
	return result(C.cuGraphExecDestroy(g.exec))
}
