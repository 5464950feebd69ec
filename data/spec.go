package data

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Spec is a parsed data spec.
type Spec struct {
	Name    string            // of a Source
	Path    string            // what follows the colon in "npz:FILE"
	Options map[string]string // by name
}

// ParseSpec reads NAME or NAME:PATH with options after commas. A path may hold commas: it ends at the first one that NAME=VALUE
// follows. It does not check that the name and the options exist; Load does.
func ParseSpec(spec string) (Spec, error) {
	return parseSpec(spec, func(string) bool { return false })
}

// parseSpec takes for the path the most of a spec that exists, commas and all, else what ParseSpec says.
func parseSpec(spec string, exists func(path string) bool) (Spec, error) {
	parts := strings.Split(spec, ",")
	s := Spec{Options: map[string]string{}}
	var hasPath bool
	if s.Name, _, hasPath = strings.Cut(parts[0], ":"); s.Name == "" {
		return Spec{}, fmt.Errorf("the spec starts with no name")
	}
	end := 1
	if hasPath {
		path := func(end int) string { return strings.Join(parts[:end], ",")[len(s.Name)+1:] }
		for end = len(parts); end > 0 && !exists(path(end)); end-- {
		}
		if end == 0 {
			for end = 1; end < len(parts) && !isOption(parts[end]); end++ {
			}
		}
		s.Path = path(end)
	}
	return s, s.readOptions(parts[end:])
}

// isOption tells NAME=… from the rest of a path.
func isOption(part string) bool {
	key, _, ok := strings.Cut(part, "=")
	return ok && strings.Trim(strings.TrimSpace(key), "abcdefghijklmnopqrstuvwxyz-") == ""
}

// readOptions reads NAME=VALUE. The value of y, a path, may hold commas too.
func (s *Spec) readOptions(parts []string) error {
	last := ""
	for _, part := range parts {
		if last == "y" && !isOption(part) {
			s.Options[last] += "," + part
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" || value == "" {
			return fmt.Errorf("option %q: want name=value", part)
		}
		if _, twice := s.Options[key]; twice {
			return fmt.Errorf("option %s is given twice", key)
		}
		s.Options[key], last = value, key
	}
	return nil
}

// form is the spec without its options.
func (s Spec) form() string {
	if s.Path == "" {
		return s.Name
	}
	return s.Name + ":" + s.Path
}

// checkOptions reports an option that is not among the known ones.
func (s Spec) checkOptions(known []Option) error {
	var names []string
	for _, o := range known {
		if !slices.Contains(names, o.Name) { // a source may have its own default for a common option
			names = append(names, o.Name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Options)) {
		if !slices.Contains(names, key) {
			return fmt.Errorf("unknown option %s: choose from %s", key, strings.Join(names, ", "))
		}
	}
	return nil
}

// request is a spec on its way through a source: typed access to the options, which remembers the first error.
type request struct {
	Spec
	dir          string
	seed         uint64
	train, test  int     // examples asked for, −1 for all that there are
	valid        float64 // share or number of training examples to validate with
	labelNoise   float64 // probability
	normalize    bool
	augmentation Augmentation
	enlarge      int  // copies of each training image, 0 for changes that are drawn each epoch
	prefix       bool // readers may leave out what train and test do not ask for
	err          error
}

// newRequest reads the common options of a spec for a source.
func newRequest(spec Spec, source Source, o Options) (*request, error) {
	r := &request{Spec: spec, dir: o.Dir, prefix: source.mean != nil}
	r.seed = option(r, "seed", o.Seed, "a whole number, 0 or more", func(text string) (uint64, bool) {
		n, err := strconv.ParseUint(text, 10, 64)
		return n, err == nil
	})
	r.train, r.test = r.count("train", -1, 1, math.MaxInt), r.count("test", -1, 0, math.MaxInt)
	r.valid = option(r, "valid", 0, "a share from 0 to 1, or a whole number of examples", func(text string) (float64, bool) {
		v, err := strconv.ParseFloat(text, 64)
		return v, err == nil && v >= 0 && v < maxElements && (v < 1 || v == math.Trunc(v))
	})
	r.labelNoise = r.number("label-noise", 0, 0, 1)
	r.augmentation = option(r, "augment", Augmentation{}, "crop and a number of pixels, flip, or both as crop4+flip", parseAugmentation)
	r.enlarge = r.count("enlarge", 0, 1, math.MaxInt32)
	normalize := "off"
	if source.mean != nil {
		normalize = "on"
	}
	r.normalize = r.choice("normalize", normalize, "on", "off") == "on"
	return r, r.err
}

// option reads an option that is there with parse, which also says what is wanted.
func option[T any](r *request, key string, otherwise T, want string, parse func(string) (T, bool)) T {
	text, ok := r.Options[key]
	if !ok {
		return otherwise
	}
	v, ok := parse(text)
	if ok {
		return v
	}
	if r.err == nil {
		r.err = fmt.Errorf("%s=%s: want %s", key, text, want)
	}
	return otherwise
}

// count reads a whole number from low to high.
func (r *request) count(key string, otherwise, low, high int) int {
	want := fmt.Sprintf("a whole number from %d to %d", low, high)
	if high == math.MaxInt {
		want = fmt.Sprintf("a whole number, %d or more", low)
	}
	return option(r, key, otherwise, want, func(text string) (int, bool) {
		n, err := strconv.Atoi(text)
		return n, err == nil && low <= n && n <= high
	})
}

// number reads a finite number from low to high.
func (r *request) number(key string, otherwise, low, high float64) float64 {
	want := fmt.Sprintf("a number from %g to %g", low, high)
	return option(r, key, otherwise, want, func(text string) (float64, bool) {
		x, err := strconv.ParseFloat(text, 64)
		return x, err == nil && low <= x && x <= high
	})
}

// choice reads one of the given words.
func (r *request) choice(key, otherwise string, words ...string) string {
	return option(r, key, otherwise, strings.Join(words, " or "), func(text string) (string, bool) {
		return text, slices.Contains(words, text)
	})
}
