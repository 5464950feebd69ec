package data

import (
	"slices"
	"strings"
	"testing"

	"drift/data/random"
)

// looks lists all that crop and flip can make of an image, from plain loops over pixels.
func looks(image []float64, shape []int, by Augmentation, black []float64) (all [][]float64) {
	flips := []bool{false}
	if by.Flip {
		flips = append(flips, true)
	}
	for dy := -by.Crop; dy <= by.Crop; dy++ {
		for dx := -by.Crop; dx <= by.Crop; dx++ {
			for _, flip := range flips {
				var out []float64
				for i := range image {
					c, y, x := i/(shape[1]*shape[2]), i/shape[2]%shape[1]+dy, i%shape[2]
					if flip {
						x = shape[2] - 1 - x
					}
					if x += dx; y < 0 || y >= shape[1] || x < 0 || x >= shape[2] {
						out = append(out, black[c])
					} else {
						out = append(out, image[(c*shape[1]+y)*shape[2]+x])
					}
				}
				all = append(all, out)
			}
		}
	}
	return all
}

// pictures is images of 2×4×5 whose pixels all differ, of bytes that are normalized.
func pictures(by Augmentation) Set {
	const n = 3
	x := make([]byte, n*40)
	for i := range x {
		x[i] = byte(i + 1)
	}
	s := Set{Name: "pictures", Shape: []int{2, 4, 5}, Classes: 2, X: ValuesOf(x).scaled(255), Labels: []int32{0, 1, 0}, Augment: by}
	s.normalize([]float64{0.25, 0.5}, []float64{0.5, 2})
	return s
}

// An augmented image is one that crop and flip can make, with black where the image ends; every one of them comes up, and it follows
// from seed, epoch and example alone.
func TestAugmentedImages(t *testing.T) {
	for _, by := range []Augmentation{{Crop: 1}, {Flip: true}, {Crop: 2, Flip: true}} {
		s := pictures(by)
		a, black := NewAugmenter[float64](s, 7), []float64{-0.5, -0.25}
		for example := range s.Len() {
			image, _ := s.Example(example)
			possible := looks(image, s.Shape, by, black)
			seen := make([]int, len(possible))
			const epochs = 1500
			for epoch := range epochs {
				got, again := make([]float64, len(image)), make([]float64, len(image))
				if err := a.Read(epoch, example, got); err != nil {
					t.Fatal(err)
				}
				k := slices.IndexFunc(possible, func(p []float64) bool { return slices.Equal(p, got) })
				if k < 0 {
					t.Fatalf("%+v: epoch %d makes %v of %v", by, epoch, got, image)
				}
				seen[k]++
				if epoch%100 == 0 {
					if err := NewAugmenter[float64](s, 7).Read(epoch, example, again); err != nil || !slices.Equal(got, again) {
						t.Errorf("%+v: epoch %d is another one for another reader (%v)", by, epoch, err)
					}
				}
			}
			for k, times := range seen { // 30 expected at least: 6 standard deviations
				if mean := epochs / len(possible); times < mean/4 || times > 2*mean {
					t.Errorf("%+v: look %d of %d comes up %d times in %d", by, k, len(possible), times, epochs)
				}
			}
		}
	}
}

// An enlarged set is copies of the images, each changed by itself and once, with the labels of the originals.
func TestEnlargedSet(t *testing.T) {
	by := Augmentation{Crop: 2, Flip: true}
	s := pictures(Augmentation{})
	large := s.enlarged(by, 4, 3)
	if large.Len() != 12 || !slices.Equal(large.Labels, slices.Repeat(s.Labels, 4)) {
		t.Fatalf("%d examples with labels %v", large.Len(), large.Labels)
	}
	same := 0
	for i := range large.Len() {
		image, _ := s.Example(i % 3)
		got, _ := large.Example(i)
		if !slices.ContainsFunc(looks(image, s.Shape, by, []float64{-0.5, -0.25}), func(p []float64) bool { return slices.Equal(p, got) }) {
			t.Errorf("example %d is %v, made of %v", i, got, image)
		}
		if slices.Equal(image, got) {
			same++
		}
	}
	if same > 4 {
		t.Errorf("%d of 12 are as they were", same)
	}
	if again := s.enlarged(by, 4, 3); !slices.Equal(again.X.Float64s(), large.X.Float64s()) {
		t.Error("the same seed makes another set")
	}
	if more := s.enlarged(by, 5, 3); !slices.Equal(more.X.Float64s()[:large.X.Len()], large.X.Float64s()) {
		t.Error("a fifth copy changes the four before")
	}
}

func TestAugmentationOfSpecs(t *testing.T) {
	split, err := Load("glyphs,train=20,test=5,augment=flip+crop3", Options{})
	if err != nil || split.Train.Augment != (Augmentation{3, true}) || split.Test.Augment != (Augmentation{}) || split.Train.Len() != 20 {
		t.Errorf("%+v, %v", split.Train.Augment, err)
	}
	split, err = Load("glyphs,train=20,test=5,augment=crop1,enlarge=3,valid=5", Options{})
	if err != nil || split.Train.Augment != (Augmentation{}) || split.Train.Len() != 45 || split.Valid.Len() != 5 {
		t.Errorf("%d examples, %v", split.Train.Len(), err)
	}
	// Labels are redrawn before the copies are made, and counted in all of them.
	once := mustLoad(t, "glyphs,train=20,test=5,label-noise=0.5", Options{})
	if split = mustLoad(t, "glyphs,train=20,test=5,label-noise=0.5,augment=crop1,enlarge=3", Options{}); once.Redrawn == 0 || split.Redrawn != 3*once.Redrawn {
		t.Errorf("%d labels are redrawn of an enlarged set, %d of the set", split.Redrawn, once.Redrawn)
	}
	for spec, want := range map[string]string{
		"glyphs,augment=crop":                               "augment=crop: want crop and a number of pixels, flip, or both as crop4+flip",
		"glyphs,augment=crop0":                              "augment=crop0: want crop",
		"glyphs,augment=crop2+crop2":                        "augment=crop2+crop2: want crop",
		"glyphs,augment=turn":                               "augment=turn: want crop",
		"glyphs,train=9,augment=crop999":                    "augment=crop999: a border of 999 pixels around images of",
		"glyphs,enlarge=3":                                  "enlarge=3: say by which changes of the images",
		"glyphs,augment=flip,enlarge=0":                     "enlarge=0: want",
		"gaussian,augment=flip":                             "are no images [channels,height,width]",
		"glyphs,train=1000,augment=flip,enlarge=2000000000": "enlarge=2000000000: more than",
	} {
		if _, err := Load(spec, Options{}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
}

func BenchmarkAugment(b *testing.B) {
	x := make([]byte, 100*3072)
	s := Set{Shape: []int{3, 32, 32}, Classes: 2, X: ValuesOf(x).scaled(255), Labels: make([]int32, 100), Augment: Augmentation{4, true}}
	s.normalize([]float64{0.4, 0.5, 0.5}, []float64{0.2, 0.2, 0.3})
	a, dst := NewAugmenter[float32](s, random.Seed(1, "bench")), make([]float32, 3072)
	for i := range b.N {
		if err := a.Read(i, i%100, dst); err != nil {
			b.Fatal(err)
		}
	}
}
