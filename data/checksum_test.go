package data

import "testing"

func TestChecksumNoticesEveryChange(t *testing.T) {
	set := func() Set {
		return Set{Shape: []int{3}, Classes: 2, X: ValuesOf(make([]float64, 3*2000)), Labels: make([]int32, 2000)}
	}
	want := Checksum(set(), set())
	if again := Checksum(set(), set()); again != want {
		t.Errorf("the same data have the checksums %s and %s", want, again)
	}
	for name, change := range map[string]func(*Set){
		"an input":  func(s *Set) { s.X.doubles[5999] = 1e-300 },
		"a target":  func(s *Set) { s.Labels[7] = 1 },
		"the shape": func(s *Set) { s.Shape = []int{3, 1} },
		"the task":  func(s *Set) { s.Classes, s.Outputs, s.Y = 0, 1, make([]float64, 2000) },
		"the count": func(s *Set) { *s = s.Slice(0, 1999) },
	} {
		other := set()
		change(&other)
		if got := Checksum(set(), other); got == want {
			t.Errorf("%s changes nothing", name)
		}
	}
	if Checksum(set(), Set{}) == Checksum(Set{}, set()) {
		t.Error("the parts can change places")
	}
}
