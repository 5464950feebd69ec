package nn

import "drift/graph"

// pooledEarly builds a convolution with monotone activations in front of max pooling as pooling first, then bias and activations:
// max f(z+b) = f(max z + b). A window of k elements then leaves a k-th of them to add to, activate, remember and send back.
// at is the place of each layer of the list. It reports how many layers it built, 0 where those from the first-th on do not
// begin like that.
func pooledEarly(at func(i int) *Build, first int, layers []Layer, x *graph.Node) (*graph.Node, int) {
	i := first
	convolution, convolved := layers[i].(Conv2D)
	if convolved {
		i++
	}
	activations := i
	for i < len(layers) {
		if !monotone(layers[i]) {
			break
		}
		i++
	}
	if i == first || i == len(layers) {
		return nil, 0
	}
	pool, ok := layers[i].(MaxPool2D)
	if !ok {
		return nil, 0
	}
	if convolved {
		x = convolution.convolve(at(first), x)
	}
	x = pool.Build(at(i), x)
	if convolved {
		x = convolution.shift(at(first), x)
	}
	for k := activations; k < i; k++ {
		x = layers[k].Build(at(k), x)
	}
	return x, i + 1 - first
}
