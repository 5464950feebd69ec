package cuda

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// Joining says how the devices of several processes are to be joined.
type Joining struct {
	// Shared allows several processes to compute on one GPU, in turn. They then add up on the host.
	Shared bool
	// Timeout is how long one waits for another within a sum; 0 is $DRIFT_NCCL_TIMEOUT in seconds, or a minute.
	Timeout time.Duration
}

// seat is what a process tells the others of its device.
type seat struct {
	Device  string // its name
	GPU     string // which one it is among all; "" for a processor
	NCCL    int    // version; 0 without
	Missing string // why
}

// match finds out whether all devices can add up by NCCL. If not, host says why; it is "" for processors, of which nobody expects it.
func match(seats []seat, o Joining) (host string, err error) {
	first := seats[0]
	for rank, s := range seats {
		if (s.GPU == "") != (first.GPU == "") {
			return "", fmt.Errorf("process %d computes on %s and process 0 on %s: name the device for all of them", rank, s.Device, first.Device)
		}
	}
	if first.GPU == "" {
		return "", nil
	}
	for rank, s := range seats {
		for other, t := range seats[:rank] {
			if s.GPU != t.GPU {
				continue
			}
			if !o.Shared {
				return "", fmt.Errorf("processes %d and %d have the same GPU (%s): start a process for each GPU, or name the one that they are to share, such as cuda:0", other, rank, s.Device)
			}
			host = fmt.Sprintf("processes %d and %d share a GPU", other, rank)
		}
	}
	for rank, s := range seats {
		switch {
		case host != "":
		case s.NCCL == 0:
			host = fmt.Sprintf("process %d: %s", rank, s.Missing)
		case s.NCCL != first.NCCL:
			host = fmt.Sprintf("process %d has NCCL %s and process 0 has %s", rank, versionOf(s.NCCL), versionOf(first.NCCL))
		}
	}
	return host, nil
}

// versionOf is a version of NCCL, such as 21805, in words.
func versionOf(n int) string { return fmt.Sprintf("%d.%d.%d", n/10000, n%10000/100, n%100) }

// timeout is how long a process waits for another.
func (o Joining) timeout() (time.Duration, error) {
	if o.Timeout > 0 {
		return o.Timeout, nil
	}
	text := os.Getenv("DRIFT_NCCL_TIMEOUT")
	if text == "" {
		return time.Minute, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds < 1e6) {
		return 0, fmt.Errorf("DRIFT_NCCL_TIMEOUT is %q: give seconds, above 0", text)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
