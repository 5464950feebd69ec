package timing

import "time"

// Clocks by name: what counts as work is the time that passes, or the time in which this process has a processor. The second holds on
// a busy machine too, for work of one thread: threads that wait for others in a loop count as working.
func Clocks() map[string]Clock {
	clocks := map[string]Clock{"wall": {time.Now, elapsed, time.Sleep}}
	if processorTime != nil {
		clocks["cpu"] = Clock{time.Now, processorTime, time.Sleep}
	}
	return clocks
}

var start = time.Now()

func elapsed() time.Duration { return time.Since(start) }
