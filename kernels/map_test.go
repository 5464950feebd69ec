package kernels

import "testing"

// An access of what another access makes reads the same elements as one after the other.
func TestAccessAfterAccess(t *testing.T) {
	const n = 48
	var all []Access
	for _, d := range []int{0, 2, 3} {
		for _, b := range []int{1, 2, 4, 6, 8, 48} {
			for _, c := range []int{1, 2, 3, 4, 6, 12} {
				if a := (Access{b, c, d}); n%a.Period() == 0 {
					all = append(all, a)
				}
			}
		}
	}
	found := 0
	for _, outer := range all {
		for _, inner := range all {
			if outer.Len(n)%inner.Period() != 0 && !inner.Full() {
				continue
			}
			both, ok := outer.After(inner)
			if !ok {
				continue
			}
			found++
			for i := range n {
				if got, want := both.Element(i), inner.Element(outer.Element(i)); got != want {
					t.Fatalf("%+v after %+v is %+v, which reads element %d at index %d, want %d", outer, inner, both, got, i, want)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d pairs of accesses are one", found)
	}
	channel, ok := Access{B: 8, C: 12}.After(Access{B: 4, C: 1})
	if want := (Access{B: 8, C: 3, D: 4}); !ok || channel != want {
		t.Errorf("pixels of a channel, then images: %+v, want %+v", channel, want)
	}
}
