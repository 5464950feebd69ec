package page

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"drift/optim/rundir"
	"drift/optim/train"
)

// run is the folder of a training run, which may still be going on.
type run struct {
	result
	config        string
	settings      map[string]any
	entries       []map[string]float64 // the lines of the log, by field
	sittings      []sitting
	distributions []train.Distributions
}

// machine is what a result was computed with.
type machine struct {
	Version   string `json:"version"`
	Device    string `json:"device"`
	Platform  string `json:"platform"`
	Processor string `json:"processor"`
	Threads   int    `json:"threads"`
}

func (m machine) String() string {
	return fmt.Sprintf("drift %s on %s (%s, %s, %s)", m.Version, m.Device, m.Platform, m.Processor, count(m.Threads, "thread"))
}

// sitting is the machine of a run from a step on.
type sitting struct {
	Step int `json:"step"`
	machine
}

// readSittings reads them where the folder has them.
func (u *run) readSittings() error {
	text, err := os.ReadFile(filepath.Join(u.path, rundir.MachineName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &u.sittings)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", rundir.MachineName, err)
	}
	return nil
}

// computed says in words on what the run was computed.
func (u *run) computed() string {
	var parts []string
	for _, s := range u.sittings {
		part := s.machine.String()
		if s.Step > 0 {
			part = fmt.Sprintf("from step %d on by %s", s.Step, part)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return ""
	}
	return "Computed by " + strings.Join(parts, ", ") + "."
}

func (r *Results) readRun(from result) error {
	config, err := rundir.ReadConfig(from.path)
	if err != nil {
		return err
	}
	u := &run{result: from, config: config}
	if _, err := toml.Decode(config, &u.settings); err != nil {
		return fmt.Errorf("%s: %w", rundir.ConfigName, err)
	}
	file, err := os.Open(filepath.Join(from.path, metricsName))
	if err != nil {
		return err
	}
	defer file.Close()
	if u.entries, err = readMetrics(file); err != nil {
		return fmt.Errorf("%s: %w", metricsName, err)
	}
	if err := reading(filepath.Join(from.path, rundir.DistributionsName), u.readDistributions); err != nil {
		return err
	}
	if err := u.readSittings(); err != nil {
		return err
	}
	r.runs = append(r.runs, u)
	return nil
}

// longestLine is the bytes of a line of the metrics beyond which it is damaged.
const longestLine = 1 << 20

// readMetrics reads one object of numbers a line.
func readMetrics(from io.Reader) (entries []map[string]float64, err error) {
	last := math.Inf(-1)
	err = readLines(from, func(line []byte) error {
		entry, err := parseEntry(line)
		if err == nil && entry["step"] <= last {
			err = fmt.Errorf("step %v comes after step %v", entry["step"], last)
		}
		if err != nil {
			return err
		}
		last = entry["step"]
		entries = append(entries, entry)
		return nil
	})
	return entries, err
}

// readLines passes on one line after the other. A last one without an end is being written, or was cut off by a crash, and is left out.
func readLines(from io.Reader, use func(line []byte) error) error {
	lines := bufio.NewReaderSize(from, longestLine)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("line %d is damaged: it is longer than %d bytes", number, longestLine)
		}
		if err != nil {
			return err
		}
		if err := use(line); err != nil {
			return fmt.Errorf("line %d is damaged: %w", number, err)
		}
	}
}

func parseEntry(line []byte) (map[string]float64, error) {
	var fields map[string]*float64
	if err := json.Unmarshal(line, &fields); err != nil {
		return nil, err
	}
	if fields["step"] == nil {
		return nil, errors.New("it has no step")
	}
	entry := make(map[string]float64, len(fields))
	for name, value := range fields {
		if value != nil {
			entry[name] = *value
		}
	}
	return entry, nil
}

// last is the latest value of a field, or NaN.
func (u *run) last(name string) float64 {
	for i := len(u.entries) - 1; i >= 0; i-- {
		if x, there := u.entries[i][name]; there {
			return x
		}
	}
	return math.NaN()
}

// text is a setting, or "".
func (u *run) text(name string) string {
	if u.settings[name] == nil {
		return ""
	}
	return fmt.Sprint(u.settings[name])
}

// ended reports whether the run took all its steps, and how many it has.
func (u *run) ended() (steps, of int, ended bool) {
	if len(u.entries) > 0 {
		steps = int(u.entries[len(u.entries)-1]["step"])
	}
	whole, _ := u.settings["steps"].(int64)
	return steps, int(whole), whole > 0 && int64(steps) >= whole
}
