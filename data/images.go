package data

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

func imagesSource() Source {
	return Source{
		Name: "images", Path: "DIR|FILE.zip",
		About: "PNG and JPEG files in one folder per class, in a folder or a zip file; folders train, test and valid above them are optional",
		Options: []Option{
			{"train", "all", "the number of training images, as equal as possible over the classes"},
			{"test", "all", "the number of test images, likewise; taken at random from the training images if there is no folder test"},
			{"size", "the first image's, which all must have", "N or HxW in pixels: images are scaled and cropped around their middle"},
			{"channels", "the first image's, which all must have", "1 (grey) or 3 (colour)"},
			streamOption(),
		},
		load: loadImages,
	}
}

func loadImages(r *request) (*Split, error) {
	format, err := r.imageFormat()
	if err != nil {
		return nil, err
	}
	path, err := r.userPath()
	if err != nil {
		return nil, err
	}
	split, err := r.readImages(path, format)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return split, nil
}

// imageFormat is what options say about images.
func (r *request) imageFormat() (imageFormat, error) {
	format := imageFormat{channels: r.count("channels", 0, 1, 3)}
	format.convert = format.channels > 0
	if format.channels == 2 && r.err == nil {
		r.err = fmt.Errorf("channels=2: want 1 or 3")
	}
	option(r, "size", struct{}{}, "N or HxW, from 1 to 4096 pixels", func(text string) (_ struct{}, ok bool) {
		format.height, format.width, ok = parseSize(text)
		format.resize = ok
		return struct{}{}, ok
	})
	return format, r.err
}

// parseSize reads N or HxW.
func parseSize(text string) (height, width int, ok bool) {
	h, w, two := strings.Cut(text, "x")
	if !two {
		w = h
	}
	height, err1 := strconv.Atoi(h)
	width, err2 := strconv.Atoi(w)
	return height, width, err1 == nil && err2 == nil && min(height, width) >= 1 && max(height, width) <= 4096
}

func (r *request) readImages(path string, format imageFormat) (*Split, error) {
	files, done, err := imageFilesOf(path)
	if err != nil {
		return nil, err
	}
	split, err := r.fromFiles(files, format)
	done(err == nil && slices.ContainsFunc([]Set{split.Train, split.Test, split.Valid}, func(s Set) bool { return s.Rows != nil }))
	return split, err
}

// fromFiles makes a split of the images among files.
func (r *request) fromFiles(files []imageFile, format imageFormat) (*Split, error) {
	folders, err := arrange(files)
	if err != nil {
		return nil, err
	}
	wanted := map[string]int{"train": r.train, "test": r.test, "valid": -1}
	if len(folders.parts["test"]) == 0 && r.train >= 0 {
		wanted["train"] += max(r.test, 0) // are taken out again
	}
	var sets [3]Set
	for i, part := range []string{"train", "test", "valid"} {
		labelled := evenly(folders.parts[part], len(folders.classes), wanted[part])
		if sets[i], err = r.imageSet(labelled, &format); err != nil {
			return nil, err
		}
		sets[i].Name, sets[i].Classes = r.form(), len(folders.classes)
	}
	split := &Split{Train: sets[0], Test: sets[1], Valid: sets[2], ClassNames: folders.classes, Notices: folders.notices}
	return split, nil
}

// evenly picks n of the files, which are sorted by class, or all where n is negative: one of each class after the other as long as there
// are any, the first ones by name. They stay sorted.
func evenly(files []imageFile, classes, n int) []imageFile {
	if n < 0 || n >= len(files) {
		return files
	}
	have, take := make([]int, classes), make([]int, classes)
	for _, f := range files {
		have[f.class]++
	}
	for left := n; left > 0; {
		for c := range classes {
			if left > 0 && take[c] < have[c] {
				take[c]++
				left--
			}
		}
	}
	var picked []imageFile
	for _, f := range files {
		if take[f.class] > 0 {
			take[f.class]--
			picked = append(picked, f)
		}
	}
	return picked
}

// imageSet is images [C,H,W] of 0 to 1, decoded or still in their files. What the format leaves open is as in the first of all images.
func (r *request) imageSet(files []imageFile, format *imageFormat) (Set, error) {
	if len(files) > 0 {
		if err := format.settle(files[0]); err != nil {
			return Set{}, fmt.Errorf("%s: %w", files[0].name, err)
		}
	}
	size := format.channels * format.height * format.width
	if streamed := r.streams(int64(size) * int64(len(files))); r.err != nil {
		return Set{}, r.err
	} else if streamed && len(files) > 0 {
		s := Set{Shape: []int{format.channels, format.height, format.width}, X: Values{}.scaled(255), Rows: newImageRows(files, *format)}
		for _, f := range files {
			s.Labels = append(s.Labels, int32(f.class))
		}
		return s, nil
	}
	return decodeImages(files, format, size)
}

// decodeImages reads images of a size in numbers.
func decodeImages(files []imageFile, format *imageFormat, size int) (Set, error) {
	if size > 0 && len(files) > maxElements/size {
		return Set{}, fmt.Errorf("%d images of %d numbers are more than %d: lower train=, test= or size=", len(files), size, maxElements)
	}
	pixels, labels, failed := make([]byte, len(files)*size), make([]int32, len(files)), make([]error, len(files))
	for from := 0; from < len(files); from += decodedAtOnce {
		to := min(from+decodedAtOnce, len(files))
		var workers sync.WaitGroup
		for w := range runtime.GOMAXPROCS(0) {
			workers.Go(func() {
				for i := from + w; i < to; i += runtime.GOMAXPROCS(0) {
					failed[i] = files[i].decode(*format, pixels[i*size:(i+1)*size])
				}
			})
		}
		workers.Wait()
		for i := from; i < to; i++ {
			if failed[i] != nil {
				return Set{}, fmt.Errorf("%s: %w", files[i].name, failed[i])
			}
			labels[i] = int32(files[i].class)
		}
	}
	return Set{Shape: []int{format.channels, format.height, format.width}, X: ValuesOf(pixels).scaled(255), Labels: labels}, nil
}

// decodedAtOnce is how many images are read before errors are looked at.
const decodedAtOnce = 512
