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
// In JSON a layer is a name or an object with one key, the name, over its attributes. Sizes are whole numbers; kernel, stride,
// padding and dilation may also be pairs [height,width].
//
//	linear         {out, bias=true, weight=""}   y = x Wᵀ + b on the last axis; weight [out,in], bias [out]. weight names a
//	               parameter of a layer before, as "0.weight", that both use; the layer then owns its bias alone
//	conv2d         {out, kernel, stride=1, padding=0, dilation=1, groups=1, bias=true}   [c,h,w] → [out,h′,w′]; weight
//	               [out,c/groups,kh,kw], bias [out]. Each group of outputs sees its own group of channels: groups=c is depthwise
//	groupnorm      {groups, eps=1e-5, affine=true}   over the positions and channels of each group of [c,…]; weight, bias [c]
//	layernorm      {shape=[last axis], eps=1e-5, affine=true}      over the trailing axes in shape; weight, bias of that shape
//	rmsnorm        {eps=1e-5}                  over the last axis; weight of its size
//	batchnorm2d    {statistics: "frozen", eps=1e-5}   PyTorch's in evaluation mode on [c,h,w]; weight, bias [c] are parameters,
//	               running_mean, running_var [c] are read from the weights' file and stay as they are
//	embedding      {tokens, width}             ids [t…] → [t…,width], as the first layer; weight [tokens,width]
//	positions      {length}                    adds a learned row to each position of [t,e], t ≤ length; weight [length,e]
//	attention      {heads, causal=false, bias=true, dropout=0}   multi-head self-attention on [t,e], with the parameters of nn.MultiheadAttention.
//	               Gradients keep nothing of size t², unless weights drop out or derivatives of second order (H v, ∂tr Σ) are asked for
//	tokens         [c,h,w] → [h·w,c]
//	meanpool       [t,e] → [e]
//	maxpool2d      {kernel, stride=kernel, padding=0}   [c,h,w] → [c,h′,w′]; padding counts as −∞
//	avgpool2d      {kernel, stride=kernel, padding=0}   [c,h,w] → [c,h′,w′]; padding counts as zeros
//	globalavgpool                              [c,h,w] → [c], so that a linear layer may follow at once
//	flatten                                    to one axis
//	residual       {layers, shortcut=[]}       x + f(x), or s(x) + f(x) with the layers of shortcut as s
//	concat         {branches}                  lists of layers on the same input, their results behind each other along the channels
//	               of images or the last axis of rows; an empty list is the identity
//	dropout        {p=0.5}   in training each element is 0 with probability p, else times 1/(1−p); elsewhere the identity
//	softplus       {beta=1}  ln(1 + e^{βx})/β, a ReLU with its kink rounded off over 1/β
//	relu tanh sigmoid gelu gelu_tanh silu       gelu is the exact x·Φ(x)
//
// Losses are cross_entropy {label_smoothing=0}, of classes, and mse, the mean over a row's outputs of the squared difference. Outputs [t,classes]
// are compared with a class for each position: an example's loss is the mean over its positions, those of class −100 left out.
// The input of ids is {"shape": [64], "index": 256}, or follows from the embedding.
//
// Parameters are named as nn.Sequential names them: "0.weight", "0.bias", where the index counts every entry of layers. A
// residual block is named as a subclass of nn.Sequential with an attribute shortcut would be: the parameters of
// layer 0 in the block at index 3 are "3.0.weight", those of its shortcut "3.shortcut.0.weight", those of layer 0 in branch 1 of a
// concat there "3.1.0.weight".
//
// A layer of one's own is a type with two methods (see Layer and Register); a loss likewise (see Loss).
//
// Normalisations are built from the graph's primitives and so differentiate to any order. Batch normalisation by
// statistics of the batch is refused: it couples the examples, which then have no gradients of their own.
package nn
