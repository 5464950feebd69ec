package onnx

import (
	"slices"

	"drift/graph"
)

// batchNorm takes the statistics that the file holds. Those of the batch would make an example's loss depend on the others.
func batchNorm(b *builder, n *node, in []value) []value {
	if n.integer("training_mode", 0) != 0 {
		fail("statistics of the batch couple its examples, which then have no gradients of their own: export the network in evaluation mode, or with group normalization")
	}
	x := in[0]
	if x.rank() < 2 {
		fail("takes values [n,c,…], not shape %v", x.shape)
	}
	for _, v := range in[1:] {
		if !slices.Equal(v.shape, x.shape[1:2]) {
			fail("has a tensor of shape %v for %d channels", v.shape, x.shape[1])
		}
	}
	scale, shift, mean, variance := b.data(in[1]), b.data(in[2]), b.data(in[3]), b.data(in[4])
	inverse := graph.Rsqrt(graph.AddConst(variance, n.real("epsilon", 1e-5)))
	y := graph.ScaleAxis(graph.Bias(b.data(x), graph.Neg(mean), 1), inverse, 1)
	return like(x, graph.Bias(graph.ScaleAxis(y, scale, 1), shift, 1))
}

// standardized is x as equal runs, each with mean 0, where centred, and variance 1.
func standardized(x *graph.Node, runs int, eps float64, centred bool) *graph.Node {
	size := graph.Size(x) / runs
	rows := graph.Reshape(x, runs, size)
	if centred {
		rows = graph.Sub(rows, graph.Broadcast(graph.Mean(rows, 1), 1, size))
	}
	inverse := graph.Rsqrt(graph.AddConst(graph.Mean(graph.Square(rows), 1), eps))
	return graph.Mul(rows, graph.Broadcast(inverse, 1, size))
}

func layerNorm(b *builder, n *node, in []value) []value { return b.overTail(n, in, true) }
func rmsNorm(b *builder, n *node, in []value) []value   { return b.overTail(n, in, false) }

// overTail standardises over the axes from one on, with a scale and a shift for each of their elements.
func (b *builder) overTail(n *node, in []value, centred bool) []value {
	x := in[0]
	axis := axisOf(n.integer("axis", -1), x.rank())
	runs, size := product(x.shape[:axis]), product(x.shape[axis:])
	batch := max(1, runs)
	if axis > 0 {
		batch = x.shape[0]
	}
	y := graph.Reshape(standardized(b.data(x), runs, n.real("epsilon", 1e-5), centred), batch, runs/batch, size)
	vector := func(v value) *graph.Node {
		return graph.Flatten(b.data(b.broadcast(v, x.shape[axis:])))
	}
	y = graph.ScaleAxis(y, vector(in[1]), 2)
	if shift, ok := optional(in, 2); ok {
		y = graph.Bias(y, vector(shift), 2)
	}
	return like(x, y)
}

func instanceNorm(b *builder, n *node, in []value) []value {
	if in[0].rank() < 2 {
		fail("takes values [n,c,…], not shape %v", in[0].shape)
	}
	return b.overGroups(n, in, in[0].shape[1])
}

func groupNorm(b *builder, n *node, in []value) []value {
	return b.overGroups(n, in, n.integer("num_groups", 0))
}

// overGroups standardises groups of channels of an example, with a scale and a shift a channel, or a group, as version 18 has it.
func (b *builder) overGroups(n *node, in []value, groups int) []value {
	x := in[0]
	if x.rank() < 2 || groups < 1 || x.shape[1]%groups != 0 {
		fail("takes %d groups of channels, which shape %v does not divide into", groups, x.shape)
	}
	y := graph.Reshape(standardized(b.data(x), x.shape[0]*groups, n.real("epsilon", 1e-5), true), held(x.shape)...)
	channels := x.shape[1]
	vector := func(v value) *graph.Node {
		switch {
		case v.rank() == 1 && v.shape[0] == channels:
			return b.data(v)
		case v.rank() == 1 && v.shape[0] == groups:
			return graph.Flatten(graph.Broadcast(b.data(v), 1, channels/groups))
		}
		fail("has a tensor of shape %v for %d channels in %d groups", v.shape, channels, groups)
		return nil
	}
	return like(x, graph.Bias(graph.ScaleAxis(y, vector(in[1]), 1), vector(in[2]), 1))
}
