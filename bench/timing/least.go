package timing

// least is the bytes that a step of SGD cannot do without in float32, of a case on which it has been worked out: every product or convolution and
// every pass over activations reads each of its tensors once and writes its results once, and nothing is written that nobody reads. It takes
// products with bias, activation and their gradients as one pass each, with a bit for each element of ReLU on the way back where that does not follow from what is read; a norm with what
// is added to it and the activation behind it as another. It takes no convolution and norm as one pass: no library has such a pair on the way
// back, and on the way forth a norm needs its sums before it begins.
func least(name string) (bytes float64, known bool) {
	switch name {
	case "gpu/mlp4096/sgd":
		return 4 * leastDense(8192, 784, 4096, 4096, 10), true
	case "gpu/resnet20/sgd":
		return 4 * leastResNet20(1024), true
	}
	return 0, false
}

// maskElement is the elements that a bit takes.
const maskElement = 1. / 32

// leastDense is the elements that a network of layers with bias and ReLU moves for n examples of width[0].
func leastDense(n float64, widths ...float64) float64 {
	sum := 2 * n * widths[0] // the examples are gathered
	for k := 1; k < len(widths); k++ {
		in, out := widths[k-1], widths[k]
		weights := (in + 1) * out
		product := n*in + weights + n*out
		sum += 2*product + 3*weights // forward and for the weights; the update
		if k > 1 {
			sum += product + n*in*maskElement // for the input
		}
		if k < len(widths)-1 {
			sum += n * out * maskElement
		}
	}
	return sum
}

// leastResNet20 is the elements that the network of He et al. 2016 with group norm moves for n images.
func leastResNet20(n float64) float64 {
	const blocks = 3
	const mask = 2 * maskElement // written and read
	image := 3 * 32 * 32.
	sum := 2 * n * image
	convolve := func(in, out, kernel float64, directions float64) {
		sum += directions*(n*(in+out)+kernel) + 3*kernel
	}
	width, size := 16., 16*32*32. // channels, and elements of an image's activations
	convolve(image, size, 3*16*9, 2)
	sum += n * size * (2 + 4) // the norm of the first convolution: z → y; two adjoints and z, from which the mask follows, → one
	for stage := range 3 {
		for block := range blocks {
			if stage > 0 && block == 0 {
				convolve(size, size/2, 2*width*width*9, 3)
				convolve(size, size/2, 2*width*width, 3) // the shortcut
				width, size = 2*width, size/2
				sum += n * size // its norm: one adjoint more
			} else {
				convolve(size, size, width*width*9, 3)
			}
			convolve(size, size, width*width*9, 3)
			sum += n * size * (2 + 3)        // the first norm: z → y; an adjoint and z → one
			sum += n * size * (3 + 5 + mask) // the second: z and what is added → y; two adjoints and z → two
		}
	}
	return sum - n*size*2 // behind the last block comes a mean, whose adjoint is small
}
