package rundir

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// openLog opens a file of lines, which is made where it is missing.
func openLog(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o666)
}

// Log appends one line to the metrics. entry has a field "step", and lines come in its order.
func (d *Dir) Log(entry any) error {
	if err := appendLine(d.metrics, entry); err != nil {
		return fmt.Errorf("writing the metrics: %w", err)
	}
	return nil
}

// LogDistributions appends one line likewise to the distributions, whose file is made with its first line.
func (d *Dir) LogDistributions(entry any) (err error) {
	if d.distributions == nil {
		d.distributions, err = openLog(d.File(DistributionsName))
	}
	if err == nil {
		err = appendLine(d.distributions, entry)
	}
	if err != nil {
		return fmt.Errorf("writing the distributions: %w", err)
	}
	return nil
}

func appendLine(to *os.File, entry any) error {
	line, err := json.Marshal(entry)
	if err == nil {
		_, err = to.Write(append(line, '\n'))
	}
	return err
}

// Rewind cuts off the lines behind the given step, and with them one that a crash left unfinished.
func (d *Dir) Rewind(step int) error {
	for _, file := range []*os.File{d.metrics, d.distributions} {
		if file == nil {
			continue
		}
		keep, err := prefix(file, step)
		if err == nil {
			err = file.Truncate(keep)
		}
		if err != nil {
			return fmt.Errorf("cutting %s back to step %d: %w", file.Name(), step, err)
		}
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
