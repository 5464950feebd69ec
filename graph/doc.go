// Package graph builds differentiable expressions on Gorgonia graphs and compiles them for a device.
//
// An expression is made of Inputs and of the operations of this package, each a Gorgonia SDOp. Shapes are static: the
// batch size is part of them. A scalar has shape (1). Class labels, tokens and other indices are Int32 whatever the type of the numbers;
// operations that take no indices see them as numbers, and those that take indices accept whole numbers of any type.
//
// Grad, JVP and HVP differentiate to any order. PerExample and Covariance find how a loss uses its parameters, and from that
// derive statistics of the per-example gradients without ever storing them. Compile turns outputs
// into a Program: kernels in order, elementwise chains fused, one arena of memory. Products at one point, H v say, share what does not depend on v where
// Builder.Varying says what varies.
//
// Σ is taken from deviations (Deviations). In float32 what follows from it is off by about 2⁻²⁴‖ḡ‖/σ, σ² = tr Σ, and where tr Σ is not above
// the bound of CovarianceTrace, it and its gradient are 0.
//
// Operands whose shapes do not fit panic during construction; Try turns that into an error at the edge.
package graph
