package cuda

import (
	"strings"
	"testing"
	"time"
)

func TestDevicesThatGoTogether(t *testing.T) {
	a, b := seat{Device: "cuda:0", GPU: "a", NCCL: 21805}, seat{Device: "cuda:1", GPU: "b", NCCL: 21805}
	older, without := b, b
	older.NCCL = 22203
	without.NCCL, without.Missing = 0, "NCCL is not here"
	for name, c := range map[string]struct {
		seats      []seat
		shared     bool
		host, says string
	}{
		"processors":             {seats: []seat{{Device: "cpu"}, {Device: "cpu"}}},
		"GPUs":                   {seats: []seat{a, b}},
		"a processor":            {seats: []seat{a, {Device: "cpu"}}, says: "process 1 computes on cpu and process 0 on cuda:0"},
		"one GPU":                {seats: []seat{b, a, a}, says: "processes 1 and 2 have the same GPU (cuda:0)"},
		"one GPU, asked for":     {seats: []seat{a, a}, shared: true, host: "processes 0 and 1 share a GPU"},
		"another NCCL":           {seats: []seat{a, older}, host: "process 1 has NCCL 2.22.3 and process 0 has 2.18.5"},
		"no NCCL":                {seats: []seat{a, without}, host: "process 1: NCCL is not here"},
		"no NCCL and one GPU":    {seats: []seat{without, without}, shared: true, host: "share a GPU"},
		"different numbers, one": {seats: []seat{{Device: "cuda:0", GPU: "a"}, {Device: "cuda:1", GPU: "a"}}, says: "same GPU"},
	} {
		host, err := match(c.seats, Joining{Shared: c.shared})
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", name, err, c.says)
			}
			continue
		}
		if err != nil || !strings.Contains(host, c.host) || (host == "") != (c.host == "") {
			t.Errorf("%s: %q, %v, want %q", name, host, err, c.host)
		}
	}
}

func TestTimeoutOfSums(t *testing.T) {
	for text, want := range map[string]time.Duration{"": time.Minute, "2.5": 2500 * time.Millisecond, "0": 0, "-1": 0, "soon": 0, "NaN": 0, "1e9": 0} {
		t.Setenv("DRIFT_NCCL_TIMEOUT", text)
		if got, err := (Joining{}).timeout(); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
}
