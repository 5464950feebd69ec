// Package imported takes networks that are written with Gorgonia's own functions (Mul, Add, Conv2d, SoftMax, Mean, …) and makes
// models of them: each op is translated into drift's, so that the network trains and has Hessian products and statistics of its
// per-example gradients like any other. New takes a function that builds the network for a batch of n examples,
// because Gorgonia bakes the batch size into reshapes, means and pooling.
//
// An op without a translation is refused with its name and node, and so is a loss in which an example depends on another, such
// as one behind BatchNorm. Results agree with Gorgonia v0.9.18, whose op types a test pins, but for these, where ours are those of the
// functions as documented:
//   - the gradients of InverseSqrt and Log2, which are wrong there;
//   - Max and MaxPool2D give the whole gradient to the first of equal elements, Gorgonia's Max to each;
//   - AveragePool2D divides by the size of the window, padding counted, Gorgonia's by the width of the image (its AveragePool1D is MaxPool2D);
//   - Pow has the derivatives of xʸ in x and in y, MinBetween and MaxBetween give the whole gradient to one of equal elements;
//   - Log1p and Expm1 are computed as log(1+x) and eˣ−1, to the rounding of 1.
//
// Refused are BatchNorm (it mixes examples), random nodes (their draws belong to no seed), At and DiagFlat (without a derivative in Gorgonia),
// ConvType (a network has one type of numbers), Sparsemax, CTCLoss and YOLOv3 (drift has nothing of the kind), windows with
// dilation outside of convolutions, comparisons that give true and false, padding that differs between the sides, and slices whose length is no
// multiple of their step.
//
// Gorgonia itself confuses some nodes before they get here: x[0:2] with x[256:258], SoftMax with LogSoftMax of the same x, two
// dropouts of the same x, and leaves or constants of one name.
//
// Dropout draws its masks as nn.Dropout does: on while the network trains, unless SetTraining(false) was called on its op, the same in all
// passes of a step, and the identity elsewhere. Gorgonia's own gradient of it is divided by p in place of 1−p.
package imported
