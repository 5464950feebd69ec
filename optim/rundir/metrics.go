package rundir

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func openMetrics(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o666)
}

// Log appends one line to the metrics. entry has a field "step", and lines come in its order.
func (d *Dir) Log(entry any) error {
	line, err := json.Marshal(entry)
	if err == nil {
		_, err = d.metrics.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing the metrics: %w", err)
	}
	return nil
}

// Rewind cuts off the metrics behind the given step, and with them a line that a crash left unfinished.
func (d *Dir) Rewind(step int) error {
	keep, err := prefix(d.metrics, step)
	if err == nil {
		err = d.metrics.Truncate(keep)
	}
	if err != nil {
		return fmt.Errorf("cutting the metrics back to step %d: %w", step, err)
	}
	return nil
}

// prefix is the length of the whole lines from the beginning that belong to steps up to the given one.
func prefix(file *os.File, step int) (int64, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	var length int64
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return length, nil
		}
		if err != nil {
			return 0, err
		}
		var entry struct{ Step *int }
		if json.Unmarshal(line, &entry) != nil || entry.Step == nil || *entry.Step > step {
			return length, nil
		}
		length += int64(len(line))
	}
}
