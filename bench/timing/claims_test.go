package timing

import (
	"errors"
	"math"
	"testing"
)

// of is a result whose time is a multiple of a rival's.
func of(name, group string, ratio, memory float64) Result {
	return Result{Name: name, MemoryRatio: memory, Against: []Comparison{{Rival: Rival{Group: group}, Ratio: Summary{Median: ratio}}}}
}

func TestJudge(t *testing.T) {
	speed := claim("", "BLAS", 0.8, "a|b")
	speed.Speed, speed.Mean = true, 1
	time := claim("", "gradient", 2, "a")
	space := time
	space.Memory = 3
	share := claim("", peakGroup, 0.8, "a")
	share.Speed = true
	failed := of("a", "gradient", 1, 1)
	failed.Against[0].Err = errors.New("no")
	for name, c := range map[string]struct {
		claim   Claim
		results []Result
		cases   int
		worst   float64
		met     bool
	}{
		"each and mean hold":        {speed, []Result{of("a", "BLAS", 1.25, 0), of("b", "BLAS", 0.5, 0)}, 2, 0.8, true},
		"one is too slow":           {speed, []Result{of("a", "BLAS", 1.3, 0), of("b", "BLAS", 0.1, 0)}, 2, 1 / 1.3, false},
		"the mean is too slow":      {speed, []Result{of("a", "BLAS", 1.1, 0), of("b", "BLAS", 1, 0)}, 2, 1 / 1.1, false},
		"others do not count":       {speed, []Result{of("a", "BLAS", 1, 0), of("ab", "BLAS", 9, 0), of("b", "torch", 9, 0)}, 1, 1, true},
		"time holds":                {time, []Result{of("a", "gradient", 2, 9)}, 1, 2, true},
		"time does not hold":        {time, []Result{of("a", "gradient", 2.1, 0)}, 1, 2.1, false},
		"memory holds":              {space, []Result{of("a", "gradient", 1, 3)}, 1, 1, true},
		"memory does not hold":      {space, []Result{of("a", "gradient", 1, 3.1)}, 1, 1, false},
		"the peak is reached":       {share, []Result{{Name: "a", Flops: 9, Peak: 10}}, 1, 0.9, true},
		"the peak is not reached":   {share, []Result{{Name: "a", Flops: 7, Peak: 10}}, 1, 0.7, false},
		"the peak is not known":     {share, []Result{{Name: "a", Flops: 7}}, 0, 0, true},
		"a failed comparison":       {time, []Result{failed}, 0, 0, true},
		"nothing of it is measured": {time, nil, 0, 0, true},
	} {
		v := c.claim.Judge(c.results)
		if v.Cases != c.cases || math.Abs(v.Worst-c.worst) > 1e-15 || v.Cases > 0 && v.Met != c.met {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestClaimed(t *testing.T) {
	for name, want := range map[string]bool{"gemm/float32/256": true, "gemm/float32/128": false, "gemm/float64/last-weight": true,
		"mlp/sgd": true, "mlp/gradient": false, "cnn/gradient-1024": false} {
		if Claimed(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
