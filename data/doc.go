// Package data holds data sets, their readers and generators, and the samplers that pick batches from them.
//
// Load turns a spec such as "glyphs,train=1000,test=1000,label-noise=0.1" into a Split of a training and a test Set; Sources
// lists the names that it knows with their options. Every random choice — the pixels of a glyph, a redrawn label, the
// order of an epoch — is a pure function of a seed, a purpose and an index, so an example does not depend on how many
// others are asked for, and a sampler can be put at any step without replaying the steps before.
//
// # Specs
//
//	NAME[,option=value]…        a generator or a known data set: glyphs, gaussian, teacher, fashion-mnist, mnist, cifar10, cifar100
//	npz:FILE[,option=value]…    arrays x (or x_train) [N,…] and y (or y_train) [N] or [N,outputs], and if present x_test and y_test, x_valid and y_valid
//	npy:X.npy,y=Y.npy[,…]       the same two arrays in files of their own
//	csv:FILE[,option=value]…    a table of numbers, one example a row; the target may be the name of a class
//	idx:DIR[,option=value]…     the four files of MNIST's layout, or EMNIST's; DIR/emnist-letters chooses among several sets
//	images:DIR|FILE.zip[,…]     PNG and JPEG files, a folder a class, perhaps below train, test and valid
//	text:FILE[,option=value]…   characters or bytes of a text, each of which predicts the next; the last tenth is the test part
//	tokens:FILE.npy[,…]         ids of tokens, rows of examples or one long run
//
// A path may hold commas: it is the most of the spec that exists, or else ends at the first comma that NAME=VALUE follows.
//
// Options of every data set:
//
//	train=N          the first N training examples; generators make N
//	test=N           the first N test examples (0: none); where the source has no test part, N examples taken out of it at random
//	valid=P|N        a share P < 1 or N of those training examples, drawn at random, become a validation part;
//	                 of a text or a run of tokens it is the end of the training part
//	label-noise=P    each training label is, with probability P, redrawn uniformly over all classes
//	normalize=on|off x ← (x − mean)/std, a channel or feature at a time, by statistics of the training part
//	augment=A        random changes of training images, anew each epoch: cropN cuts a window out of the image with N pixels of black
//	                 around it, flip mirrors it with probability ½, crop4+flip does both; training sees them, nothing that measures or evaluates
//	enlarge=K        K copies of each training image, changed once as augment says: the fixed larger set for full-batch training (Geiping
//	                 et al. 2022). The copies come one behind the other
//	seed=N           the seed of the data, in place of Options.Seed
//
// Glyphs and the data sets with names are normalized unless normalize=off, by statistics of all their training images;
// other sources only where normalize=on, by those of the training examples that there are before train=N cuts them. Of images in
// folders, train=N and test=N take equal numbers of every class as far as possible, and only those files are read.
//
// # Files
//
// The files of a data set NAME are looked for in Options.Dir, as NAME/FILE and FILE, likewise in $DRIFT_DATA, then in
// drift/NAME in the user's cache folder, and in /usr/share/datasets/NAME. Fetch downloads them. CIFAR is read from its binary files,
// or else from those for Python. Readers trust nothing in a file: every inconsistency is an error of one line, and memory is taken as
// numbers come, not as a header claims. Where a file can be read in two ways, it is refused with the option that decides, as for
// images that seem to have their channels last and first rows that may be names; where one way is the rule, as for targets that look
// one-hot, Split.Notices say what was done.
//
// Bounds: 2³¹ numbers in a set, 2³⁰ tokens, 2²⁰ classes; a compressed file may expand to 100 times its size.
//
// # Precision
//
// Inputs stay what their files hold, bytes, float32 or float64, targets are float64, and labels and ids of tokens are exact. Scales, means and standard
// deviations are worked out in float64, and a number is rounded once, to the type that it is read in.
package data
