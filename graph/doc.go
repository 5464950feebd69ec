// Package graph builds differentiable expressions on Gorgonia graphs and compiles them for a device.
//
// An expression is made of Inputs and of the operations of this package, each a Gorgonia SDOp. Shapes are static: the
// batch size is part of them. A scalar has shape (1). Class labels and other indices are inputs of the same element type
// that hold whole numbers.
//
// Grad, JVP and HVP differentiate to any order. PerExample and Covariance find how a loss uses its parameters, and from that
// derive statistics of the per-example gradients without ever storing them. Compile turns outputs
// into a Program: kernels in order, elementwise chains fused, one arena of memory.
//
// Operands whose shapes do not fit panic during construction; Try turns that into an error at the edge.
package graph
