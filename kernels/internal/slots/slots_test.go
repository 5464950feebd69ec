package slots

import (
	"fmt"
	"testing"

	"drift/kernels"
)

func TestLastReads(t *testing.T) {
	code := []kernels.Instr{{Fn: kernels.FnAdd, X: 0, Y: 1}, {Fn: kernels.FnConst}, {Fn: kernels.FnRelu, X: 3, Y: 1}, {Fn: kernels.FnMul, X: 3, Y: 5}}
	if got := fmt.Sprint(LastReads(3, code)); got != "[0 0 -1 3 -1 3 -1]" {
		t.Error(got)
	}
}

// Values that are alive together have slots of their own, and there are no more slots than that.
func TestSlotsAreTakenAgain(t *testing.T) {
	s := New(5)
	for _, v := range []int{0, 1, 2} {
		if got := s.Take(v); got != v {
			t.Errorf("value %d is in slot %d", v, got)
		}
	}
	s.Release(1)
	s.Release(1)
	s.Release(4)
	if s.Of(1) != -1 || s.Take(3) != 1 || s.Take(4) != 3 || s.Count() != 4 {
		t.Errorf("%+v", s)
	}
}
