package data

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"drift/data/untrusted"
)

// imageFile is a file among others that may be an image.
type imageFile struct {
	name  string // with slashes, from the top
	class int
	open  func() (io.ReadCloser, error)
}

// maxImageFile bounds a file of one image. Those of up to commonImageFile bytes are read in one piece.
const (
	maxImageFile    = 64 << 20
	commonImageFile = 8 << 10
)

// bytes is what a file holds.
func (f imageFile) bytes() ([]byte, error) {
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw := bytes.NewBuffer(make([]byte, 0, commonImageFile))
	n, err := raw.ReadFrom(io.LimitReader(r, maxImageFile+1))
	if err == nil && n > maxImageFile {
		err = fmt.Errorf("more than %d bytes", maxImageFile)
	}
	return raw.Bytes(), err
}

// filesBelow lists the files of a folder and the folders in it.
func filesBelow(dir string) (files []imageFile, err error) {
	err = filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err == nil && !entry.IsDir() {
			files = append(files, imageFile{name: filepath.ToSlash(name), open: func() (io.ReadCloser, error) {
				f, _, err := untrusted.Open(at)
				return f, err
			}})
		}
		return err
	})
	return files, err
}

// filesOfZip lists the files of a zip archive. Nothing of it is ever written to a file, but paths that lead out of it are refused all
// the same: no honest archive has them.
func filesOfZip(r io.ReaderAt, size int64) ([]imageFile, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("neither a folder nor a zip archive: %w", err)
	}
	var files []imageFile
	compressed, names := uint64(0), map[string]bool{}
	for _, entry := range archive.File {
		if compressed += entry.CompressedSize64; compressed > uint64(size) {
			return nil, errors.New("the files of the archive overlap: this looks like a decompression bomb")
		}
		if strings.HasSuffix(entry.Name, "/") {
			continue
		}
		if strings.Contains(entry.Name, `\`) || !fs.ValidPath(entry.Name) {
			return nil, fmt.Errorf("the path %.80q leads out of the archive, or is none", entry.Name)
		}
		if entry.Flags&1 != 0 {
			return nil, fmt.Errorf("%s is encrypted", entry.Name)
		}
		if names[entry.Name] {
			return nil, fmt.Errorf("two files of the archive are called %.80q: unpack it, and give the folder", entry.Name)
		}
		names[entry.Name] = true
		files = append(files, imageFile{name: entry.Name, open: entry.Open})
	}
	return files, nil
}

// imageFolders are images by part, train, test and valid, each sorted by class and name.
type imageFolders struct {
	parts   map[string][]imageFile
	classes []string
	notices []string
}

// partNames are what folders of parts are called.
var partNames = map[string]string{
	"train": "train", "training": "train", "test": "test", "testing": "test", "val": "valid", "valid": "valid", "validation": "valid",
}

// arrange finds parts and classes in the paths of files: PART/CLASS/…, or CLASS/… for training alone. A folder around all of them does
// not count.
func arrange(files []imageFile) (*imageFolders, error) {
	images, others := sortOut(files)
	if len(images) == 0 {
		return nil, errors.New("there are no PNG or JPEG files")
	}
	f := &imageFolders{parts: map[string][]imageFile{}}
	if len(others) > 0 {
		f.notices = []string{fmt.Sprintf("%d files are not called .png, .jpg or .jpeg and are left out, the first is %.80q", len(others), others[0])}
	}
	paths := make([][]string, len(images))
	for i, image := range images {
		paths[i] = strings.Split(image.name, "/")
	}
	paths = unwrapped(paths)
	parted := slices.ContainsFunc(paths, func(p []string) bool { return partNames[strings.ToLower(p[0])] == "train" })
	if i := slices.IndexFunc(paths, func(p []string) bool { return len(p) > 2 && partNames[strings.ToLower(p[0])] != "" }); !parted && i >= 0 {
		return nil, fmt.Errorf("there is no folder train beside %s", paths[i][0])
	}
	classOf := make([]string, len(images))
	for i, p := range paths {
		part := "train"
		if parted {
			if part = partNames[strings.ToLower(p[0])]; part == "" {
				return nil, fmt.Errorf("%s is beside the folder of the training part: want train, test and valid there alone", images[i].name)
			}
			p = p[1:]
		}
		if len(p) < 2 {
			return nil, fmt.Errorf("%s is in no folder of a class", images[i].name)
		}
		classOf[i] = p[0]
		if part == "train" {
			f.classes = append(f.classes, p[0])
		}
		f.parts[part] = append(f.parts[part], images[i])
	}
	slices.Sort(f.classes)
	f.classes = slices.Compact(f.classes)
	return f, f.label(images, classOf)
}

// label writes the classes to the files of all parts, and sorts them.
func (f *imageFolders) label(images []imageFile, classOf []string) error {
	classes := map[string]int{}
	for i, image := range images {
		class, known := slices.BinarySearch(f.classes, classOf[i])
		if !known {
			return fmt.Errorf("%s: there are no training images of class %.40q", image.name, classOf[i])
		}
		classes[image.name] = class
	}
	for _, files := range f.parts {
		for i := range files {
			files[i].class = classes[files[i].name]
		}
		slices.SortStableFunc(files, func(a, b imageFile) int {
			return cmp.Or(cmp.Compare(a.class, b.class), strings.Compare(a.name, b.name))
		})
	}
	return nil
}

// sortOut separates images by their names from other files, without those that systems put there.
func sortOut(files []imageFile) (images []imageFile, others []string) {
	for _, f := range files {
		if strings.HasPrefix(f.name, ".") || strings.Contains(f.name, "/.") || strings.Contains(f.name, "__MACOSX/") || path.Base(f.name) == "Thumbs.db" {
			continue
		}
		switch strings.ToLower(path.Ext(f.name)) {
		case ".png", ".jpg", ".jpeg":
			images = append(images, f)
		default:
			others = append(others, f.name)
		}
	}
	return images, others
}

// unwrapped is paths without the folders around all of them, as long as folders of classes are left below.
func unwrapped(paths [][]string) [][]string {
	for {
		top := paths[0][0]
		if partNames[strings.ToLower(top)] != "" || slices.ContainsFunc(paths, func(p []string) bool { return len(p) < 3 || p[0] != top }) {
			return paths
		}
		for i := range paths {
			paths[i] = paths[i][1:]
		}
	}
}
