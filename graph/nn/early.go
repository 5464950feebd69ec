package nn

import "drift/graph"

// monotone are the activations that never decrease.
var monotone = map[activation]bool{"relu": true, "tanh": true, "sigmoid": true, "softplus": true}

// pooledEarly builds a convolution with monotone activations in front of max pooling as pooling first, then bias and activations:
// max f(z+b) = f(max z + b), with as many times fewer elements to add to, activate, remember and send back as a window
// has. It reports how many layers it built, 0 where the layers do not begin like that.
func (b *builder) pooledEarly(x *graph.Node, layers []Layer) (*graph.Node, int) {
	n := 0
	convolution, convolved := layers[0].(conv2d)
	if convolved {
		n++
	}
	for n < len(layers) {
		if a, ok := layers[n].(activation); !ok || !monotone[a] {
			break
		}
		n++
	}
	if n == 0 || n == len(layers) {
		return nil, 0
	}
	pool, ok := layers[n].(maxPool2D)
	if !ok {
		return nil, 0
	}
	rest := layers[:n]
	if convolved {
		rest = rest[1:]
		x = graph.Conv2D(x, b.next(), convolution.Stride, convolution.Padding)
	}
	x = pool.build(b, x)
	if convolved && convolution.Bias {
		x = graph.Bias(x, b.next(), 1)
	}
	for _, a := range rest {
		x = a.build(b, x)
	}
	return x, n + 1
}
