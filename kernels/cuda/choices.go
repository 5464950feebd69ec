//go:build gpu

package cuda

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"drift/kernels/cuda/cudnn"
)

// choicesFolder is the folder of choices in the user's cache folder, or "" with a notice.
func choicesFolder(d *device) string {
	cache, err := os.UserCacheDir()
	folder := filepath.Join(cache, "drift", "cudnn")
	if err == nil {
		err = os.MkdirAll(folder, 0o777)
	}
	if err == nil {
		const writable = 2
		err = syscall.Access(folder, writable)
	}
	if err != nil {
		d.notice("cuDNN's engines are not timed, as the choice cannot be kept for the next run: %v; set XDG_CACHE_HOME to a folder that can be written", err)
		return ""
	}
	return folder
}

// record is a file of the cache: one choice, and what it is for.
type record struct {
	For string `json:"for"`
	choice
}

// label says in words all that a choice depends on.
func (s *engines) label(c cudnn.Convolution, precision Precision) string {
	return fmt.Sprintf("%s, %s, %v, %v, types %d, %d and %d, bias %t, relu %t, %+v", s.device, s.how, precision, c.Direction, c.Factors, c.Result, c.BiasType, c.Bias,
		c.ReLU, c.Conv)
}

// file is where a label's choice is.
func (s *engines) file(label string) string {
	sum := sha256.Sum256([]byte(label))
	return filepath.Join(s.folder, fmt.Sprintf("%x.json", sum[:12]))
}

// remembered is the choice of an earlier process for a convolution, or nil. One that cannot be used any more is said to be replaced.
func (p *planner) remembered(c cudnn.Convolution) *chosen {
	s := &p.device.engines
	if s.folder == "" {
		return nil
	}
	label := s.label(c, p.device.options.Precision)
	e, err := p.restore(c, label)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.device.notice("a choice of cuDNN's engine in %s cannot be used, and is made again: %v", s.file(label), err)
		os.Remove(s.file(label))
	}
	return e
}

// restore plans what the file of a label says.
func (p *planner) restore(c cudnn.Convolution, label string) (*chosen, error) {
	s := &p.device.engines
	text, err := os.ReadFile(s.file(label))
	if err != nil {
		return nil, err
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	if r.For != label {
		return nil, fmt.Errorf("it is for %q", r.For)
	}
	c.ChannelsLast, c.Apart = r.ChannelsLast, r.Apart
	g, err := p.device.dnn.Graph(c)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	engine, err := g.Engine(r.Engine)
	if err != nil {
		return nil, err
	}
	if why := p.forbids(engine, c); why != "" {
		return nil, fmt.Errorf("%v is not allowed: %s", engine, why)
	}
	plan, err := engine.Plan()
	if err != nil {
		return nil, err
	}
	r.Workspace = plan.WorkspaceBytes()
	return &chosen{choice: r.choice, conv: c, plan: plan, origin: "cache"}, nil
}

// keep writes a choice for the processes to come. Where another process was faster, its choice is the one to use. A file is there as a whole or not
// at all.
func (p *planner) keep(e *chosen) (*chosen, error) {
	s := &p.device.engines
	label := s.label(e.conv, p.device.options.Precision)
	err := s.write(label, e.choice)
	if errors.Is(err, fs.ErrExist) {
		var other *chosen
		if other, err = p.restore(e.conv, label); err == nil && other.Workspace <= p.workspace {
			e.close()
			return other, nil
		}
		if err == nil {
			other.close()
		}
	}
	if err != nil {
		p.device.notice("the choice of cuDNN's engine cannot be kept, and the next run may choose another: %v", err)
	}
	return e, nil
}

func (s *engines) write(label string, c choice) error {
	text, err := json.MarshalIndent(record{label, c}, "", " ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(s.folder, "part-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(append(text, '\n'))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Link(file.Name(), s.file(label)) // which, unlike a rename, replaces nothing
	}
	return err
}
