package random

import "testing"

// A stream is a function of seed, purpose and index: rewound, it draws the same numbers, and no two of some neighbouring ones share
// one in a thousand draws of 64 bits.
func TestStreamsAreNamed(t *testing.T) {
	type name struct {
		seed    uint64
		purpose string
		index   uint64
	}
	seen := map[uint64]name{}
	for _, n := range []name{{0, "", 0}, {1, "", 0}, {0, "a", 0}, {0, "b", 0}, {0, "ab", 0}, {0, "a", 1}, {0, "a", 1 << 40}, {1 << 63, "a", 1}} {
		s := New(n.seed, n.purpose)
		again := New(n.seed, n.purpose)
		again.At(n.index + 5).Float64()
		s.At(n.index)
		again.At(n.index)
		for range 1000 {
			x := s.Uint64()
			if y := again.Uint64(); x != y {
				t.Fatalf("%v: %d, and rewound %d", n, x, y)
			}
			if other, found := seen[x]; found {
				t.Fatalf("%v and %v both draw %d", n, other, x)
			}
			seen[x] = n
		}
	}
}
