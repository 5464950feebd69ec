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

// A chain that works out an input itself gives what it gave with that input, and takes the others as before.
func TestSubstitute(t *testing.T) {
	full, row := Access{B: 1, C: 1}, Access{B: 2, C: 1}
	inner := Map{N: 6, Access: []Access{row, full}}
	inner.Results = []uint8{inner.Then(FnAddConst, inner.Then(FnMul, 0, 1, 0), 0, 3)}
	outer := Map{N: 6, Access: []Access{full, full, full}}
	outer.Results = []uint8{outer.Then(FnSub, outer.Then(FnSub, 1, 2, 0), 0, 0), 1}
	all, ok := outer.Substitute(1, inner)
	if _, sizes, err := all.Operands(); !ok || err != nil || len(sizes) != 4 || sizes[2] != 3 || sizes[3] != 6 {
		t.Fatalf("%+v, %t, inputs of %v, %v", all, ok, sizes, err)
	}
	value := func(m Map, in ...float64) (results []float64) {
		for _, i := range m.Code {
			in = append(in, i.Fn.Eval(in[i.X], in[i.Y], i.Imm))
		}
		for _, r := range m.Results {
			results = append(results, in[r])
		}
		return results
	}
	made := value(inner, 5, 7)[0]
	got, want := value(all, 2, 11, 5, 7), value(outer, 2, made, 11)
	if got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%v, want %v", got, want)
	}
	if _, ok := outer.Substitute(1, Map{N: 7, Results: []uint8{0}}); ok {
		t.Error("a chain of another number of indices was taken")
	}
	long := Map{N: 6, Access: []Access{full}}
	for range MaxMapValues - 2 {
		long.Then(FnSquare, 0, 0, 0)
	}
	long.Results = []uint8{1}
	if _, ok := outer.Substitute(1, long); ok {
		t.Error("more values than fit")
	}
}
