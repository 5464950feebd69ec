// Package onnx reads and writes networks in ONNX's files: those that PyTorch's exporter writes of plain convolutional networks and transformers, for example.
// Importing it makes "onnx:FILE" a spec of package nn.
//
// The one input of the graph that is no initializer is the data [n,…]. Initializers of floating numbers that the output depends on are the
// parameters, under their names and with their values as the first ones; float32 and narrower ones widen exactly. They are constants instead
// where nothing but a bound of Clip, an exponent of Pow or the value of Pad is read from them, and where one of their elements is not finite, as in
// masks. The mean and variance of BatchNormalization are buffers. What is made of shapes and constants alone is computed while the
// graph is built, so that shapes may be computed from the size of the batch; that size itself must be left open at the export
// (dynamic_axes). Whole numbers as the input are looked up by Gather.
//
// Operators, of versions 9 to 23: Abs Add And AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape Conv Cos Div Dropout Elu
// Equal Erf Exp Expand Flatten Floor Gather Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid
// HardSwish Identity InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max MaxPool Min Mish Mod
// Mul Neg Not Or Pad Pow PRelu Range Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape
// RMSNormalization Shape Sigmoid Sign Sin Size Slice Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu
// Unsqueeze Where. Mod, ReduceProd, Range and Trilu take constants only. What is not supported is refused with the node and its operator:
// statistics of the batch (which couple its examples), max pooling whose windows are padded at one side, weights in other files, and
// arithmetic on whole numbers of the data among it.
//
// Write writes networks: one that came from a file as that file with other weights, and one of package nn's layers in operators of version 17.
//
// Files are not trusted: what is read is bounded by their size, and what is computed of constants by 2²⁴ elements.
package onnx
