package cpu

import "drift/kernels/cpu/internal/winograd4"

// ownBytes is what the transformed kernels of an image take.
func ownBytes(inputs, outputs int) int { return 4 * winograd4.Places * kernelStep(inputs, outputs) }

// kernelStep is from the transformed kernels of one place of a patch to those of the next: not a power of two, as stepOf.
func kernelStep(inputs, outputs int) int { return inputs*outputs + winograd4.Lanes }

// kernelGroups is the number of groups of kernels that are transformed at once: of one input, and up to as many outputs as there are lanes.
func kernelGroups(inputs, outputs int) int {
	return inputs * ((outputs + winograd4.Lanes - 1) / winograd4.Lanes)
}

// transformKernels puts some groups of kernels k [outputs, inputs, 3, 3], or of [inputs, outputs, 3, 3] turned, into u [places, inputs, outputs].
func transformKernels(u []float32, step int, k []float32, inputs, outputs, from, to int, turned bool) {
	of := winograd4.KernelsOf(inputs, outputs, turned)
	for from < to {
		c, o := from%inputs, from/inputs*winograd4.Lanes // few outputs after one another: a processor follows no more than some streams
		n := min(inputs-c, to-from)
		of.Transform(u[c*outputs+o:], step, outputs, k[c*of.InputStride+o*of.OutputStride:], n, min(winograd4.Lanes, outputs-o))
		from += n
	}
}

// finishKernels turns some groups of sums for each transformed kernels into kernels k.
func finishKernels(k, sums []float32, step, each, from, to int) {
	for i := from * winograd4.Lanes; i < min(each, to*winograd4.Lanes); i += winograd4.Lanes {
		winograd4.Gradients(k[9*i:], sums[i:], step, min(winograd4.Lanes, each-i))
	}
}
