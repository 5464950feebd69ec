// Package level says which of the instruction sets that the kernels are written for are in use.
package level

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// Level is an instruction set of the architecture that the program is built for; a higher one includes the lower ones.
type Level int32

// Portable is plain Go.
const Portable Level = 0

// Levels is how many there are.
const Levels = len(names)

// Variable is the environment variable that forces a level.
const Variable = "DRIFT_CPU"

func (l Level) String() string { return names[l] }

// Choose is the level that a value of DRIFT_CPU asks for: the best of this machine for "". It is an error to ask for
// an unknown level or one that the processor or the operating system (which must save the wide registers) lacks.
func Choose(value string) (Level, error) {
	best := Best()
	if value == "" {
		return best, nil
	}
	for i, n := range names {
		if n != value {
			continue
		}
		if l := Level(i); l <= best {
			return l, nil
		}
		return best, fmt.Errorf("%s=%s: this machine offers %s at most; unset it or choose one of %s", Variable, value, best,
			strings.Join(names[:best+1], ", "))
	}
	return best, fmt.Errorf("%s=%s: no such level here; choose one of %s", Variable, value, strings.Join(names[:best+1], ", "))
}

// active is the level in use, and wrong what is wrong with the environment variable, if anything.
var (
	active atomic.Int32
	wrong  error
)

func init() {
	var l Level
	l, wrong = Choose(os.Getenv(Variable))
	active.Store(int32(l))
}

// Check returns what is wrong with the environment variable, if anything. The level is the best then.
func Check() error { return wrong }

// Active is the level that the kernels use.
func Active() Level { return Level(active.Load()) }

// Set changes the active level, for tests that go through all of them, and returns the one before. No kernel may be running.
func Set(l Level) Level {
	before := Active()
	active.Store(int32(l))
	return before
}
