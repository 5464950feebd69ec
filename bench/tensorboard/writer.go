// Package tensorboard writes event files that TensorBoard reads.
package tensorboard

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// FileName is the file of a run in its folder.
const FileName = "events.out.tfevents.drift"

// Writer appends events to the file of a run.
type Writer struct {
	file *os.File
	now  func() time.Time
}

// Create starts the file of a new run in a folder, which is made where it is missing. A folder that has one is refused.
func Create(folder string) (*Writer, error) {
	w, err := create(folder)
	if err != nil {
		return nil, fmt.Errorf("starting TensorBoard's events in %s: %w", folder, err)
	}
	return w, nil
}

func create(folder string) (*Writer, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(folder, FileName), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, errors.New("it holds those of another run: name another folder")
	}
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file, now: time.Now}
	if err := w.append(version(w.seconds())); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return w, nil
}

// Resume goes on with the events of a run that goes on from a step: those of later steps, and what a crash left unfinished, are cut
// off. Where there are none it starts them.
func Resume(folder string, step int) (*Writer, error) {
	path := filepath.Join(folder, FileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return Create(folder)
	}
	w, err := resume(path, step)
	if err != nil {
		return nil, fmt.Errorf("going on with TensorBoard's events in %s: %w", folder, err)
	}
	return w, nil
}

func resume(path string, step int) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	keep, err := prefix(file, step)
	if err == nil && keep == 0 {
		err = errors.New("it does not begin as an event file: name another folder")
	}
	if err == nil {
		err = file.Truncate(keep)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Writer{file: file, now: time.Now}, nil
}

// prefix is the length of the whole records from the beginning that belong to steps up to the given one.
func prefix(from io.Reader, step int) (length int64, err error) {
	for records := bufio.NewReader(from); ; {
		content, err := readRecord(records)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errDamaged) {
			return length, nil
		}
		if err != nil {
			return 0, err
		}
		if at, err := stepOf(content); err != nil || at > int64(step) {
			return length, nil
		}
		length += int64(len(content)) + frame
	}
}

func (w *Writer) seconds() float64 { return float64(w.now().UnixMicro()) / 1e6 }

// append writes a record at once, so that TensorBoard sees it while the run goes on.
func (w *Writer) append(event []byte) error {
	if _, err := w.file.Write(appendRecord(nil, event)); err != nil {
		return fmt.Errorf("writing TensorBoard's events: %w", err)
	}
	return nil
}

func (w *Writer) summary(step int, values ...[]byte) error {
	var all []byte
	for _, value := range values {
		all = appendBytes(all, summaryValue, value)
	}
	return w.append(appendBytes(header(w.seconds(), step), eventSummary, all))
}

// Scalars writes numbers of a step, each under its tag.
func (w *Writer) Scalars(step int, numbers map[string]float64) error {
	var values [][]byte
	for _, tag := range slices.Sorted(maps.Keys(numbers)) {
		values = append(values, scalar(tag, numbers[tag]))
	}
	return w.summary(step, values...)
}

// Histogram writes the distribution of values at a step.
func (w *Writer) Histogram(step int, tag string, values []float64) error {
	return w.summary(step, histogram(tag, values))
}

// Text writes a text, which TensorBoard shows as Markdown.
func (w *Writer) Text(step int, tag, content string) error {
	return w.summary(step, text(tag, content))
}

// Close ends the file.
func (w *Writer) Close() error { return w.file.Close() }
