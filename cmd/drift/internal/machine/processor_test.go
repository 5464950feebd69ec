package machine

import "testing"

func TestQuota(t *testing.T) {
	for line, want := range map[string]float64{"150000 100000": 1.5, "max 100000": 0, "": 0, "1 0": 0} {
		if got := quota(line); got != want {
			t.Errorf("quota(%q) = %v, want %v", line, got, want)
		}
	}
}
