package cmdline

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"drift/data/suggest"
)

// value is a flag whose text is checked when it is set, on the command line and in a configuration file alike.
type value[T any] struct {
	to    *T
	kind  string
	parse func(string) (T, error)
}

var _ pflag.Value = value[int]{}

func (v value[T]) String() string {
	if v.to == nil { // pflag asks a zero value for the default
		return ""
	}
	return fmt.Sprint(*v.to)
}

func (v value[T]) Type() string { return v.kind }

func (v value[T]) Set(text string) error {
	x, err := v.parse(strings.TrimSpace(text))
	if err == nil {
		*v.to = x
	}
	return err
}

// Add defines a checked flag with its default.
func Add[T any](flags *pflag.FlagSet, to *T, name string, standard T, usage, kind string, parse func(string) (T, error)) {
	*to = standard
	flags.Var(value[T]{to, kind, parse}, name, usage)
}

// AtLeast parses whole numbers from low on.
func AtLeast(low int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < low {
			return 0, fmt.Errorf("got %q: give a whole number of at least %d", s, low)
		}
		return n, nil
	}
}

// PowerOfTwo parses 1, 2, 4 and so on.
func PowerOfTwo(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n&(n-1) != 0 {
		return 0, fmt.Errorf("got %q: give 1, 2, 4 or another power of two", s)
	}
	return n, nil
}

// ParseSeed parses what a seed can be.
func ParseSeed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("got %q: give a whole number from 0 to %d", s, uint64(math.MaxUint64))
	}
	return n, nil
}

// mostThreads is more than any machine has use for.
const mostThreads = 4096

// ParseThreads parses a number of threads, 0 for all.
func ParseThreads(s string) (int, error) {
	n, err := AtLeast(0)(s)
	if err == nil && n > mostThreads {
		err = fmt.Errorf("got %q: give at most %d", s, mostThreads)
	}
	return n, err
}

// within parses finite numbers that satisfy ok; wanted says which those are.
func within(wanted string, ok func(float64) bool) func(string) (float64, error) {
	return func(s string) (float64, error) {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || !ok(x) {
			return 0, fmt.Errorf("got %q: give a finite number%s", s, wanted)
		}
		return x, nil
	}
}

// Positive, NotNegative and Fraction parse finite numbers of a range.
var (
	Positive    = within(" above 0", func(x float64) bool { return x > 0 })
	NotNegative = within(" of at least 0", func(x float64) bool { return x >= 0 })
	Fraction    = within(" from 0 up to, not including, 1", func(x float64) bool { return x >= 0 && x < 1 })
)

// OneOf parses names from a list.
func OneOf(names ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, name := range names {
			if s == name {
				return s, nil
			}
		}
		return "", fmt.Errorf("unknown name %q: %s", s, suggest.Choose(s, names))
	}
}

// ParseDevice accepts auto, cpu, cuda and cuda:i.
func ParseDevice(s string) (string, error) {
	switch s {
	case "auto", "cpu", "cuda":
		return s, nil
	}
	if index, cuda := strings.CutPrefix(s, "cuda:"); cuda {
		if _, err := strconv.ParseUint(index, 10, 8); err == nil {
			return s, nil
		}
	}
	return "", errors.New("unknown device " + strconv.Quote(s) + ": choose auto, cpu, cuda or cuda:0, cuda:1 and so on")
}
