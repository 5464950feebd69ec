package objective

import "drift/kernels"

// Measured is the buffer [2] in which Gradient, TraceGradient and Evaluate leave loss and accuracy, for programs that add
// them up without bringing them to the host.
func (f *Objective) Measured() kernels.Buffer { return f.sums.Slice(sumLoss, sumCorrect+1) }
