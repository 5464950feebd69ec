package timing

import "testing"

func TestTimesInWords(t *testing.T) {
	for s, want := range map[float64]string{2.5e-10: "0.25 ns", 1.5e-6: "1.5 µs", 0.0123: "12.3 ms", 1.25: "1.25 s", 999.4e-6: "999 µs"} {
		if got := timeText(s); got != want {
			t.Errorf("%v is %q, want %q", s, got, want)
		}
	}
}
