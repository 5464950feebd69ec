package data

// Source is a name that a spec may start with.
type Source struct {
	Name    string
	Path    string // what the name is followed by after a colon, e.g. "FILE"; empty for a name that stands alone
	About   string
	Options []Option // besides those of every source
	// load returns the two parts as the source has them: no label noise, not normalized, possibly longer than train= and test=.
	load func(*request) (*Split, error)
	// mean and std, where the source knows them, are the statistics of its whole training part, a channel each; such sources
	// are normalized unless normalize=off.
	mean, std []float64
}

// Spec is what a spec of the source looks like without options, e.g. "csv:FILE".
func (s Source) Spec() string { return Spec{Name: s.Name, Path: s.Path}.form() }

// Option is an option of a source.
type Option struct{ Name, Default, About string }

// CommonOptions are the options of every source.
func CommonOptions() []Option {
	return []Option{
		{"train", "all", "the first N training examples; generators make N"},
		{"test", "all", "the first N test examples, 0 for none; taken at random from the examples if there is no test part"},
		{"valid", "0", "a validation part, taken at random from the training examples: a fraction below 1, or a number of examples"},
		{"label-noise", "0", "probability with which each training label is redrawn uniformly over all classes"},
		{"normalize", "on or off", "subtract the mean and divide by the standard deviation of the training part, by channel or feature"},
		{"augment", "none", "random changes of training images, drawn anew each epoch: cropN (out of the image with N pixels of black around it), flip, or crop4+flip"},
		{"enlarge", "none", "draw the changes of augment once, for K copies of each training image: a fixed set K times as large"},
		{"seed", "that of the run", "seed of everything random about the data"},
	}
}

// Sources lists what specs may name.
func Sources() []Source {
	return []Source{
		glyphsSource(), gaussianSource(), teacherSource(),
		fashionSource(), mnistSource(), cifar10Source(), cifar100Source(),
		npzSource(), npySource(), csvSource(), idxSource(), imagesSource(), textSource(), tokensSource(),
	}
}
