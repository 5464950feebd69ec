//go:build gpu

package cudnn

/*
#include "cudnn.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"
)

// Descriptor is one of a graph's, of a tensor or of an operation; nil for none.
type Descriptor unsafe.Pointer

// Graph is operations that are linked by the tensors that they share. What is added after an error does nothing, and Finish returns the error.
type Graph struct {
	handle     *Handle
	held       []Descriptor
	operations []Descriptor
	graph      Descriptor
	err        error
}

// NewGraph is a graph without operations.
func (h *Handle) NewGraph() *Graph { return &Graph{handle: h} }

// Close frees the graph, its engines and what it describes. Plans stay.
func (g *Graph) Close() {
	for k := len(g.held) - 1; k >= 0; k-- {
		C.drift_dnn_destroy(&g.handle.lib, unsafe.Pointer(g.held[k]))
	}
	g.held, g.operations, g.graph = nil, nil, nil
}

// hand gives a descriptor to another graph, which frees it.
func (g *Graph) hand(d Descriptor, to *Graph) {
	if k := slices.Index(g.held, d); k >= 0 {
		g.held = slices.Delete(g.held, k, k+1)
		to.held = append(to.held, d)
	}
}

// create is a new descriptor of the graph's.
func (g *Graph) create(k kind) Descriptor {
	if g.err != nil {
		return nil
	}
	var d unsafe.Pointer
	if s := C.drift_dnn_create(&g.handle.lib, C.int(k), &d); s != 0 {
		g.fail("creating descriptor of kind", int(k), s)
		return nil
	}
	g.held = append(g.held, Descriptor(d))
	return Descriptor(d)
}

// fail keeps the first error.
func (g *Graph) fail(doing string, number int, s C.int) {
	if g.err == nil {
		g.err = fmt.Errorf("%s %d: %w", doing, number, g.handle.explain(status(s)))
	}
}

// set gives an attribute its values, which lie in memory as cuDNN reads them.
func set[T any](g *Graph, d Descriptor, a attribute, e element, values ...T) {
	if g.err != nil {
		return
	}
	if s := C.drift_dnn_set(&g.handle.lib, unsafe.Pointer(d), C.int(a), C.int(e), C.int64_t(len(values)), unsafe.Pointer(&values[0])); s != 0 {
		g.fail("setting attribute", int(a), s)
	}
}

// get reads at most len(values) values of an attribute into values, and returns how many there are.
func get[T any](g *Graph, d Descriptor, a attribute, e element, values []T) int {
	if g.err != nil {
		return 0
	}
	var count C.int64_t
	var to unsafe.Pointer
	if len(values) > 0 {
		to = unsafe.Pointer(&values[0])
	}
	if s := C.drift_dnn_get(&g.handle.lib, unsafe.Pointer(d), C.int(a), C.int(e), C.int64_t(len(values)), &count, to); s != 0 {
		g.fail("reading attribute", int(a), s)
		return 0
	}
	return int(count)
}

// finalize ends the description.
func (g *Graph) finalize(d Descriptor, k kind) Descriptor {
	if g.err != nil {
		return nil
	}
	if s := C.drift_dnn_finalize(&g.handle.lib, unsafe.Pointer(d)); s != 0 {
		g.fail("finishing descriptor of kind", int(k), s)
		return nil
	}
	return d
}

// Tensor is elements at Strides, in elements, for each of Dims, which are N, C, H, W for images in whatever order they lie.
type Tensor struct {
	UID           int64 // of the graph's tensors, another for each
	Type          DataType
	Dims, Strides []int64
	Alignment     int64 // bytes that its address is a multiple of; 0 is 16
	Virtual       bool  // between operations, with no memory
	ByValue       bool  // one element, in the host's memory
}

// Dense are the strides of elements in the order of dims.
func Dense(dims ...int64) []int64 {
	strides, size := make([]int64, len(dims)), int64(1)
	for k := len(dims) - 1; k >= 0; k-- {
		strides[k], size = size, size*dims[k]
	}
	return strides
}

// ChannelsLast are the strides of N, C, H, W with channels behind pixels (NHWC).
func ChannelsLast(dims ...int64) []int64 {
	c, h, w := dims[1], dims[2], dims[3]
	return []int64{h * w * c, 1, w * c, c}
}

// Tensor adds a tensor.
func (g *Graph) Tensor(t Tensor) Descriptor {
	d := g.create(tensorKind)
	alignment := t.Alignment
	if alignment == 0 {
		alignment = 16
	}
	set(g, d, tensorDataType, dataTypeElement, t.Type)
	set(g, d, tensorDimensions, int64Element, t.Dims...)
	set(g, d, tensorStrides, int64Element, t.Strides...)
	set(g, d, tensorUID, int64Element, t.UID)
	set(g, d, tensorAlignment, int64Element, alignment)
	if t.Virtual {
		set(g, d, tensorVirtual, booleanElement, t.Virtual)
	}
	if t.ByValue {
		set(g, d, tensorByValue, booleanElement, t.ByValue)
	}
	return g.finalize(d, tensorKind)
}

// Windows are how the kernels of a convolution slide, for rows and columns.
type Windows struct {
	Compute                      DataType
	Paddings, Strides, Dilations []int64
}

// Convolve adds a convolution that computes y from x and w, or the gradient in x or in w from the two others. Groups are what the channels of w
// divide those of x into.
func (g *Graph) Convolve(d Direction, c Windows, x, w, y Descriptor) {
	conv := g.create(convolutionKind)
	set(g, conv, convolutionCompute, dataTypeElement, c.Compute)
	set(g, conv, convolutionMode, convolutionElement, crossCorrelation)
	set(g, conv, convolutionDims, int64Element, int64(len(c.Strides)))
	set(g, conv, convolutionPrePaddings, int64Element, c.Paddings...)
	set(g, conv, convolutionPostPaddings, int64Element, c.Paddings...)
	set(g, conv, convolutionDilations, int64Element, c.Dilations...)
	set(g, conv, convolutionStrides, int64Element, c.Strides...)
	g.finalize(conv, convolutionKind)
	k := [...]kind{Output: convolveOutputKind, Image: convolveImageKind, Kernels: convolveKernelsKind}[d]
	first := [...]attribute{Output: convolveOutputAlpha, Image: convolveImageAlpha, Kernels: convolveKernelsAlpha}[d]
	// After alpha, beta and the descriptor come w, x, y forward; w, dx, dy for the image; dw, x, dy for the kernels.
	op := g.create(k)
	if c.Compute == Double {
		set(g, op, first, doubleElement, 1.0)
		set(g, op, first+1, doubleElement, 0.0)
	} else {
		set(g, op, first, floatElement, float32(1))
		set(g, op, first+1, floatElement, float32(0))
	}
	for k, part := range []Descriptor{conv, w, x, y} {
		set(g, op, first+2+attribute(k), descriptorElement, part)
	}
	g.operations = append(g.operations, g.finalize(op, k))
}

// Pointwise is y = mode(x, b), for a gradient dx = mode(dy, x), or y = t ? x : b for Select. What has a dimension of 1 is repeated along it.
type Pointwise struct {
	Mode       Mode
	Math       DataType
	X, B, T, Y Descriptor
	DX, DY     Descriptor
	Axis       int64 // of GenIndex
}

// Pointwise adds an operation on single elements.
func (g *Graph) Pointwise(p Pointwise) {
	how := g.create(pointwiseKind)
	set(g, how, pointwiseMode, pointwiseElement, p.Mode)
	set(g, how, pointwiseMath, dataTypeElement, p.Math)
	if p.Mode == GenIndex {
		set(g, how, pointwiseAxis, int64Element, p.Axis)
	}
	g.finalize(how, pointwiseKind)
	op := g.create(pointwiseOperationKind)
	for _, part := range []struct {
		a attribute
		d Descriptor
	}{{pointwiseDescriptor, how}, {pointwiseX, p.X}, {pointwiseB, p.B}, {pointwiseT, p.T}, {pointwiseY, p.Y}, {pointwiseDX, p.DX}, {pointwiseDY, p.DY}} {
		if part.d != nil {
			set(g, op, part.a, descriptorElement, part.d)
		}
	}
	g.operations = append(g.operations, g.finalize(op, pointwiseOperationKind))
}

// Matmul adds C = A·B for the two last dimensions; those before are batches, repeated where a factor has 1.
func (g *Graph) Matmul(compute DataType, a, b, c Descriptor) {
	how := g.create(matmulKind)
	set(g, how, matmulCompute, dataTypeElement, compute)
	g.finalize(how, matmulKind)
	op := g.create(matmulOperationKind)
	set(g, op, matmulDescriptor, descriptorElement, how)
	set(g, op, matmulA, descriptorElement, a)
	set(g, op, matmulB, descriptorElement, b)
	set(g, op, matmulC, descriptorElement, c)
	g.operations = append(g.operations, g.finalize(op, matmulOperationKind))
}

// Reduce adds y, the elements of x joined along the dimensions that are 1 in y.
func (g *Graph) Reduce(r Reduction, compute DataType, x, y Descriptor) {
	how := g.create(reductionKind)
	set(g, how, reductionOperator, reductionElement, r)
	set(g, how, reductionCompute, dataTypeElement, compute)
	g.finalize(how, reductionKind)
	op := g.create(reductionOperationKind)
	set(g, op, reductionDescriptor, descriptorElement, how)
	set(g, op, reductionX, descriptorElement, x)
	set(g, op, reductionY, descriptorElement, y)
	g.operations = append(g.operations, g.finalize(op, reductionOperationKind))
}

// Reshape adds y, which is x as it lies in memory with other dimensions and strides.
func (g *Graph) Reshape(x, y Descriptor) {
	op := g.create(reshapeOperationKind)
	set(g, op, reshapeX, descriptorElement, x)
	set(g, op, reshapeY, descriptorElement, y)
	g.operations = append(g.operations, g.finalize(op, reshapeOperationKind))
}

// Finish makes the graph ready for engines, and returns the first error of all that was added.
func (g *Graph) Finish() error {
	if len(g.operations) == 0 && g.err == nil {
		g.err = errors.New("a graph without operations: no operation was added")
	}
	d := g.create(graphKind)
	set(g, d, graphHandle, handleElement, unsafe.Pointer(g.handle.lib.handle))
	set(g, d, graphOperations, descriptorElement, g.operations...)
	g.graph = g.finalize(d, graphKind)
	return g.err
}
