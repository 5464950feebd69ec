package data

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"drift/data/untrusted"
)

// unlabelled are how sources read inputs without targets, with the options that they then take.
var unlabelled = map[string]struct {
	load    func(*request) (Set, error)
	options []string
}{
	"npy":    {npyUnlabelled, []string{"layout", "scale", "stream"}},
	"npz":    {npzUnlabelled, []string{"layout", "scale"}},
	"idx":    {idxUnlabelled, []string{"layout", "scale", "stream"}},
	"csv":    {csvUnlabelled, []string{"header", "sep", "drop", "missing", "scale"}},
	"images": {imagesUnlabelled, []string{"size", "channels", "stream"}},
	"tokens": {tokensUnlabelled, nil},
}

// LoadInputs reads inputs without targets, for a network that says what they are: npy:X.npy, npz:FILE with an array x (or x_test),
// csv:FILE of nothing but inputs, idx:FILE of images, images:DIR|FILE.zip in whatever folders, in the order of their names, or
// tokens:FILE.npy of rows [N,T].
// The result has no targets yet: For gives it some that stand for none.
func LoadInputs(spec string, o Options) (Set, error) {
	s, err := loadInputs(spec, o)
	if err != nil {
		return s, fmt.Errorf("inputs %q: %w", spec, err)
	}
	return s, nil
}

func loadInputs(spec string, o Options) (Set, error) {
	parsed, err := parseSpec(spec, func(path string) bool {
		_, err := findFile(o.Dir, path)
		return path != "" && err == nil
	})
	if err != nil {
		return Set{}, err
	}
	source, err := findSource(parsed.Name)
	if err != nil {
		return Set{}, err
	}
	reader, ok := unlabelled[source.Name]
	if !ok || parsed.Path == "" {
		return Set{}, errors.New("want npy:X.npy, npz:FILE, csv:FILE, idx:FILE, images:DIR|FILE.zip or tokens:FILE.npy")
	}
	options := slices.DeleteFunc(source.Options, func(o Option) bool { return !slices.Contains(reader.options, o.Name) })
	if err := parsed.checkOptions(options); err != nil {
		return Set{}, err
	}
	r, err := newRequest(parsed, source, o)
	if err != nil {
		return Set{}, err
	}
	s, err := reader.load(r)
	if err == nil && s.Size() == 0 {
		err = fmt.Errorf("examples have shape %v and hold nothing", s.Shape)
	}
	if err != nil {
		return s, err
	}
	s.Name = r.form()
	return s, s.checkFinite()
}

// For is inputs of LoadInputs as examples like those of a split that a network was trained on: normalized by its numbers, and with targets of 0,
// which mean nothing.
func (s Set) For(split *Split) (Set, error) {
	like := split.Train
	if !slices.Equal(s.Shape, like.Shape) {
		return s, fmt.Errorf("%s: examples have shape %v, those that the network was trained on %v", s.Name, s.Shape, like.Shape)
	}
	if (s.Tokens > 0) != (like.Tokens > 0) {
		return s, fmt.Errorf("%s: either these or the examples that the network was trained on are tokens, and not both", s.Name)
	}
	n := s.inputs()
	if n == 0 {
		return s, fmt.Errorf("%s: there are no examples", s.Name)
	}
	s.Tokens, s.Classes, s.Positions, s.Outputs = like.Tokens, like.Classes, like.Positions, like.Outputs
	if s.Classes > 0 {
		s.Labels = make([]int32, n*s.Targets())
	} else {
		s.Y = make([]float64, n*s.Targets())
	}
	if split.Mean != nil {
		s.normalize(split.Mean, split.Std)
	}
	return s, nil
}

// inputs is the number of examples by their inputs.
func (s Set) inputs() int {
	if s.Rows != nil {
		return s.Rows.Len()
	}
	return s.X.Len() / s.Size()
}

func npyUnlabelled(r *request) (Set, error) {
	format, err := r.arrayFormat()
	if err != nil {
		return Set{}, err
	}
	h, x, rows, err := r.npyInputs()
	if err != nil {
		return Set{}, err
	}
	s, err := arrayInputs(r.Path, h, x, format)
	if rows != nil {
		s.Rows = rowsOfArray(rows, h.shape, format.layout)
	}
	return s, err
}

// arrayInputs is the examples of an array [N,…].
func arrayInputs(name string, h npyHeader, x Values, format arrayFormat) (Set, error) {
	if len(h.shape) < 1 {
		return Set{}, fmt.Errorf("%s has shape %v: want [N,…]", name, h.shape)
	}
	s := Set{Shape: h.shape[1:], X: x.scaled(format.scale)}
	if len(h.shape) == 1 {
		s.Shape = []int{1}
	}
	if err := images(&s, format.layout); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

func npzUnlabelled(r *request) (s Set, err error) {
	format, err := r.arrayFormat()
	if err != nil {
		return s, err
	}
	err = r.npzFile(format, func(a *npzArchive) error {
		names := []string{"x"}
		if !a.has("x") {
			names = []string{"x_test"}
		}
		entry, err := a.find(names...)
		if err != nil {
			return fmt.Errorf("%w: the inputs are to be called x or x_test", err)
		}
		h, x, err := a.read(entry)
		if err == nil {
			s, err = arrayInputs(arrayName(entry), h, x, format)
		}
		return err
	})
	return s, err
}

// idxUnlabelled reads a file of images.
func idxUnlabelled(r *request) (Set, error) {
	layout, scale := r.idxFormat()
	if r.err != nil {
		return Set{}, r.err
	}
	path, err := r.userPath()
	if err != nil {
		return Set{}, err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return Set{}, fmt.Errorf("%s is a folder: name the file of images in it", path)
	}
	t, shape, x, rows, err := r.idxImages(path, math.MaxInt)
	if err != nil {
		return Set{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return idxSet(path, t, shape, x, rows, layout, scale)
}

func csvUnlabelled(r *request) (s Set, err error) {
	format, scale := tableFormat{
		drop: r.Options["drop"], header: r.choice("header", "", "yes", "no"), missing: r.choice("missing", "", "mean"), sep: r.separator(), unlabelled: true,
	}, r.scale(1)
	if r.err != nil {
		return s, r.err
	}
	path, err := r.userPath()
	if err != nil {
		return s, err
	}
	err = readFile(path, func(f io.Reader) error {
		t, err := readTable(f, format)
		if err == nil {
			s = Set{Shape: []int{t.width}, X: ValuesOf(t.inputs).scaled(scale)}
		}
		return err
	})
	return s, err
}

func imagesUnlabelled(r *request) (s Set, err error) {
	format, err := r.imageFormat()
	if err != nil {
		return s, err
	}
	path, err := r.userPath()
	if err != nil {
		return s, err
	}
	files, done, err := imageFilesOf(path)
	if err == nil {
		images, _ := sortOut(files)
		slices.SortFunc(images, func(a, b imageFile) int { return strings.Compare(a.name, b.name) })
		s, err = r.imageSet(images, &format)
		s.Labels = nil
		if len(images) == 0 {
			err = errors.New("there are no PNG or JPEG files")
		}
		done(s.Rows != nil)
	}
	if err != nil {
		err = fmt.Errorf("reading %s: %w", path, err)
	}
	return s, err
}

// imageFilesOf lists the files of a folder or of a zip file. done tells whether they are still to be read after that.
func imageFilesOf(path string) (files []imageFile, done func(keep bool), err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		files, err = filesBelow(path)
		return files, func(bool) {}, err
	}
	f, info, err := untrusted.Open(path)
	if err != nil {
		return nil, nil, err
	}
	done = func(keep bool) {
		if !keep {
			f.Close() // else it stays open until nothing refers to it
		}
	}
	if files, err = filesOfZip(f, info.Size()); err != nil {
		done(false)
	}
	return files, done, err
}

func tokensUnlabelled(r *request) (Set, error) {
	h, values, err := npyFile(r.dir, r.Path)
	if err != nil {
		return Set{}, err
	}
	if h.kind == 'f' || len(h.shape) != 2 {
		return Set{}, fmt.Errorf("numbers of kind %c and shape %v: want integers [N,T], the tokens of an example in each row", h.kind, h.shape)
	}
	ids, tokens, err := tokenIDs(values, 0, false)
	if err != nil {
		return Set{}, err
	}
	return Set{Shape: h.shape[1:], Tokens: tokens, X: tokenValues(len(ids), math.MaxInt32, slices.Values([][]int32{ids}))}, nil
}
