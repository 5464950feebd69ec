// Package nn builds models from lists of layers with PyTorch's semantics, initialisation and parameter layout.
//
// A model is a preset or a JSON object (see Parse):
//
//	{"input": [1,6,6], "loss": "cross_entropy",
//	 "layers": [{"conv2d": {"out": 3, "kernel": 3, "padding": 1}}, "relu", "flatten", {"linear": {"out": 10}}]}
//
// or made in Go, with the same layers as values:
//
//	nn.New(objective.Input{Shape: []int{1, 6, 6}}, nn.CrossEntropy{},
//		nn.Conv2D{Out: 3, Kernel: nn.Pair{3, 3}, Stride: nn.Pair{1, 1}, Padding: nn.Pair{1, 1}, Bias: true}, nn.ReLU, nn.Flatten{}, nn.Linear{Out: 10, Bias: true})
//
// In JSON a layer is a name or an object with one key, the name, over its attributes. Sizes are whole numbers; kernel, stride
// and padding may also be pairs [height,width].
//
//	linear         {out, bias=true}            y = x Wᵀ + b on the last axis; weight [out,in], bias [out]
//	conv2d         {out, kernel, stride=1, padding=0, bias=true}   [c,h,w] → [out,h′,w′]; weight [out,c,kh,kw], bias [out]
//	groupnorm      {groups, eps=1e-5, affine=true}   over the positions and channels of each group of [c,…]; weight, bias [c]
//	layernorm      {shape=[last axis], eps=1e-5, affine=true}      over the trailing axes in shape; weight, bias of that shape
//	maxpool2d      {kernel, stride=kernel, padding=0}   [c,h,w] → [c,h′,w′]; padding counts as −∞
//	avgpool2d      {kernel, stride=kernel, padding=0}   [c,h,w] → [c,h′,w′]; padding counts as zeros
//	globalavgpool                              [c,h,w] → [c], so that a linear layer may follow at once
//	flatten                                    to one axis
//	residual       {layers, shortcut=[]}       x + f(x), or s(x) + f(x) with the layers of shortcut as s
//	relu tanh sigmoid gelu silu softplus       gelu is the exact x·Φ(x)
//
// Parameters are named as nn.Sequential names them: "0.weight", "0.bias", where the index counts every entry of layers. A
// residual block is named as a subclass of nn.Sequential with an attribute shortcut would be: the parameters of
// layer 0 in the block at index 3 are "3.0.weight", those of its shortcut "3.shortcut.0.weight".
//
// A layer of one's own is a type with two methods (see Layer and Register); a loss likewise (see Loss).
//
// Normalisations are built from the graph's primitives and so differentiate to any order. Batch normalisation is
// refused: it couples the examples of a batch, which then have no gradients of their own.
package nn
