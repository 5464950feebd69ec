// Package sigma makes operators of the spread and the curvature of a loss: the covariance Σ of its per-example gradients and the
// Hessian, applied to vectors without being formed, with their spectra, traces and inverses.
//
// Operators stand for the parameters that the objective held when they were made. All of them work on
// any device and over more examples than a chunk; what is small (vectors of one element an example, Gram matrices, Krylov
// bases) is kept in float64 on the host.
//
// What is rounding noise counts as 0, by the bounds of graph.CovarianceTrace and Resolved: tr Σ and with it ∂tr Σ, Σv, diag Σ and eigenvalues.
// An Inverse whose damping is relative to a tr Σ of 0 refuses with ErrNumerical.
package sigma
