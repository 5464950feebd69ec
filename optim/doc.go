// Package optim holds the optimizers. Each is a value whose fields are its options (Optimizer): how it draws batches, which Direction it
// computes from them (a gradient, ḡ + λ ∂tr Σ, (Σ+δI)⁻¹ḡ), which Transform of the direction is subtracted from the parameters (clip,
// weight decay, momentum, Adam's moments), and its learning rate as a function of the step. The transformation is compiled into one
// update program on the device (Update). Package train runs the loop.
package optim
