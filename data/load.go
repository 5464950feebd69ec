package data

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"drift/data/random"
	"drift/data/suggest"
)

// Options of Load.
type Options struct {
	Dir  string // looked in first for files, as Dir/NAME/FILE and Dir/FILE
	Seed uint64 // of everything random about the data, unless the spec has its own
}

// Load makes or reads the data set that spec names (see the package documentation). The result is a function of the spec,
// the seed and the files. Errors are one line and name the spec.
func Load(spec string, o Options) (*Split, error) {
	split, err := load(spec, o)
	if err != nil {
		return nil, fmt.Errorf("data %q: %w", spec, err)
	}
	return split, nil
}

func load(spec string, o Options) (*Split, error) {
	parsed, err := parseSpec(spec, func(path string) bool {
		_, err := findFile(o.Dir, path)
		return path != "" && err == nil
	})
	if err != nil {
		return nil, err
	}
	source, err := findSource(parsed.Name)
	if err != nil {
		return nil, err
	}
	if (source.Path == "") != (parsed.Path == "") {
		return nil, fmt.Errorf("want %s", source.Spec())
	}
	if err := parsed.checkOptions(append(CommonOptions(), source.Options...)); err != nil {
		return nil, err
	}
	r, err := newRequest(parsed, source, o)
	if err != nil {
		return nil, err
	}
	split, err := source.load(r)
	if err != nil {
		return nil, err
	}
	return split, r.finish(split, source)
}

func findSource(name string) (Source, error) {
	var names, forms []string
	for _, s := range Sources() {
		if s.Name == name {
			return s, nil
		}
		names, forms = append(names, s.Name), append(forms, s.Spec())
	}
	if kind := strings.TrimPrefix(path.Ext(name), "."); slices.Contains(names, kind) { // of a file
		return Source{}, fmt.Errorf("unknown data set: did you mean %s:%s?", kind, name)
	}
	return Source{}, fmt.Errorf("unknown data set: %s", suggest.Among(name, names, "choose from "+strings.Join(forms, ", ")))
}

// finish does to the parts what the common options ask for.
func (r *request) finish(split *Split, source Source) error {
	if split.Train.Len() == 0 {
		return errors.New("there are no training examples")
	}
	for _, part := range []*Set{&split.Train, &split.Test, &split.Valid} {
		if err := part.checkFinite(); err != nil {
			return err
		}
	}
	if err := r.holdOut(split); err != nil {
		return err
	}
	if r.normalize {
		if split.Train.Tokens > 0 {
			return errors.New("normalize=on: tokens are no quantities")
		}
		split.Mean, split.Std = source.mean, source.std
		if split.Mean == nil {
			var err error
			if split.Mean, split.Std, err = moments(split.Train); err != nil {
				return err
			}
		}
		for _, part := range []*Set{&split.Train, &split.Test, &split.Valid} {
			part.normalize(split.Mean, split.Std)
		}
	}
	if err := r.truncate(split); err != nil {
		return err
	}
	if err := r.holdOutValid(split); err != nil {
		return err
	}
	if r.labelNoise > 0 && split.Train.Classes == 0 {
		return errors.New("label-noise needs classes, and this is a regression: use the noise of its targets")
	}
	var err error
	if split.Redrawn, err = redraw(&split.Train, r.labelNoise, r.seed); err != nil {
		return err
	}
	return r.augment(split)
}

// holdOut moves test=N random examples out of the training part where there is no test part. Both keep their order.
func (r *request) holdOut(split *Split) error {
	if r.test <= 0 || split.Test.Len() > 0 {
		return nil
	}
	n := split.Train.Len()
	if r.test >= n {
		return fmt.Errorf("test=%d: the source has no test part and %d examples in all, too few to take those out", r.test, n)
	}
	split.Train, split.Test = r.takeOut(split.Train, r.test, "hold out")
	return nil
}

// holdOutValid moves random examples out of the training part for valid=.
func (r *request) holdOutValid(split *Split) error {
	if r.valid == 0 {
		return nil
	}
	if split.Valid.Len() > 0 {
		return errors.New("the source has a validation part of its own: leave valid= out")
	}
	n, wanted := split.Train.Len(), int(r.valid)
	if r.valid < 1 {
		wanted = max(1, int(math.Round(r.valid*float64(n))))
	}
	if wanted >= n {
		return fmt.Errorf("valid=%s: there are only %d training examples", r.Options["valid"], n)
	}
	split.Train, split.Valid = r.takeOut(split.Train, wanted, "validation")
	return nil
}

// takeOut draws count examples of a set and returns the others and them, both in their order.
func (r *request) takeOut(s Set, count int, purpose string) (left, taken Set) {
	held := make([]bool, s.Len())
	for _, i := range random.New(r.seed, purpose).Perm(s.Len())[:count] {
		held[i] = true
	}
	var in, out []int
	for i, h := range held {
		if h {
			out = append(out, i)
		} else {
			in = append(in, i)
		}
	}
	return s.Select(in), s.Select(out)
}

// truncate keeps the first examples that train= and test= ask for.
func (r *request) truncate(split *Split) error {
	for _, part := range []struct {
		key, kind string
		set       *Set
		wanted    int
	}{{"train", "training", &split.Train, r.train}, {"test", "test", &split.Test, r.test}} {
		if n := part.set.Len(); part.wanted > n {
			return fmt.Errorf("%s=%d: there are only %d examples", part.key, part.wanted, n)
		}
		if notice := sortedNotice(part.kind, *part.set, part.wanted); notice != "" {
			split.Notices = append(split.Notices, notice)
		}
		if part.wanted >= 0 {
			*part.set = part.set.Slice(0, part.wanted)
		}
	}
	return nil
}
