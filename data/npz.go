package data

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"

	"drift/data/untrusted"
)

func npzSource() Source {
	return Source{
		Name: "npz", Path: "FILE",
		About: "NumPy arrays x or x_train [N,…] and y or y_train, optionally x_test and y_test, x_valid and y_valid; " +
			"y is [N] or [N,T] of integers (classes; −100 for no target) or [N] or [N,outputs] of floats",
		Options: arrayOptions(),
		load:    loadNPZ,
	}
}

func loadNPZ(r *request) (*Split, error) {
	format, err := r.arrayFormat()
	if err != nil {
		return nil, err
	}
	var split *Split
	err = r.npzFile(format, func(a *npzArchive) error {
		split, err = r.fromNPZ(a)
		return err
	})
	return split, err
}

// npzFile opens an NPZ file for read.
func (r *request) npzFile(format arrayFormat, read func(*npzArchive) error) error {
	path, err := r.userPath()
	if err != nil {
		return err
	}
	f, info, err := untrusted.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	a, err := openNPZ(f, info.Size(), format)
	if err == nil {
		err = read(a)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// openNPZ opens an NPZ file, a zip of NPY arrays.
func openNPZ(f io.ReaderAt, size int64, format arrayFormat) (*npzArchive, error) {
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return nil, fmt.Errorf("not an NPZ file: %w", err)
	}
	return &npzArchive{Reader: archive, size: size, format: format}, nil
}

// fromNPZ makes parts of the arrays.
func (r *request) fromNPZ(a *npzArchive) (*Split, error) {
	train, err := a.part([]string{"x", "x_train"}, []string{"y", "y_train"})
	if err != nil {
		return nil, err
	}
	test, err := a.partIfThere("test")
	if err != nil {
		return nil, err
	}
	valid, err := a.partIfThere("valid")
	if err != nil {
		return nil, err
	}
	split, err := r.fromArrays(train, test, valid, a.format)
	if err == nil {
		split.Notices = append(split.Notices, a.unused()...)
	}
	return split, err
}

// partIfThere is the arrays x_NAME and y_NAME; nil where there is neither.
func (a *npzArchive) partIfThere(name string) (*arrayPart, error) {
	x, y := "x_"+name, "y_"+name
	if !a.has(x) && !a.has(y) {
		return nil, nil
	}
	part, err := a.part([]string{x}, []string{y})
	return &part, err
}

// npzArchive is an open NPZ file of the given size.
type npzArchive struct {
	*zip.Reader
	size   int64
	format arrayFormat
	used   []*zip.File
}

// arrayName is the name of an array: NumPy calls its entry NAME.npy, other writers NAME.
func arrayName(f *zip.File) string { return strings.TrimSuffix(f.Name, ".npy") }

// find returns the entry of the array that has one of the given names, in capitals or not.
func (a *npzArchive) find(names ...string) (*zip.File, error) {
	var found []*zip.File
	for _, f := range a.File {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(arrayName(f), name) }) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no array %s, only %s", strings.Join(names, " or "), a.list(nil))
	case 1:
		a.used = append(a.used, found[0])
		return found[0], nil
	}
	return nil, fmt.Errorf("there are arrays %s and %s: leave one in the file", arrayName(found[0]), arrayName(found[1]))
}

func (a *npzArchive) has(name string) bool {
	return slices.ContainsFunc(a.File, func(f *zip.File) bool { return strings.EqualFold(arrayName(f), name) })
}

// list names the first few arrays that are not among the given ones; "" for none.
func (a *npzArchive) list(but []*zip.File) string {
	const most = 20
	var names []string
	for _, f := range a.File {
		if slices.Contains(but, f) {
			continue
		}
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, fmt.Sprintf("%.40q", arrayName(f)))
	}
	if len(a.File) == 0 {
		return "an empty archive"
	}
	return strings.Join(names, ", ")
}

// unused is a notice about arrays that nothing was made of.
func (a *npzArchive) unused() []string {
	if rest := a.list(a.used); rest != "" {
		return []string{"the file holds arrays that are not used: " + rest}
	}
	return nil
}

// read reads one array of the archive.
func (a *npzArchive) read(entry *zip.File) (npyHeader, Values, error) {
	f, err := entry.Open()
	if err != nil {
		return npyHeader{}, Values{}, fmt.Errorf("array %s: %w", arrayName(entry), err)
	}
	defer f.Close()
	compressed := min(entry.CompressedSize64, uint64(a.size))
	h, values, err := readNPY(guardExpansion(f, int64(compressed)))
	if err != nil {
		err = fmt.Errorf("array %s: %w", arrayName(entry), err)
	}
	return h, values, err
}

// part reads inputs and targets that have one of the given names each.
func (a *npzArchive) part(xNames, yNames []string) (arrayPart, error) {
	xEntry, err := a.find(xNames...)
	if err != nil {
		return arrayPart{}, err
	}
	yEntry, err := a.find(yNames...)
	if err != nil {
		return arrayPart{}, err
	}
	h, x, err := a.read(xEntry)
	if err != nil {
		return arrayPart{}, err
	}
	t, y, err := a.read(yEntry)
	if err != nil {
		return arrayPart{}, err
	}
	return newArrayPart(arrayName(xEntry), h, x, arrayName(yEntry), t, y, a.format)
}
