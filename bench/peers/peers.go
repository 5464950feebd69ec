// Package peers runs other libraries in processes of their own, to time their work beside ours. Each is a Python script that
// answers requests one by one; between two requests its process is stopped, threads that wait in a loop included.
package peers

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed protocol.py blas.py openblas.py torch_cpu.py torch_networks.py
var scripts embed.FS

// Request asks for the time of an operation; the scripts say which operations there are and what shapes mean.
type Request struct {
	Op     string `json:"op"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"`
	TransA bool   `json:"transA,omitempty"`
	TransB bool   `json:"transB,omitempty"`
	Model  string `json:"model,omitempty"`
	Clock  string `json:"clock,omitempty"` // cpu: the time that the process had a processor
}

// Peer is a library that can be timed with some setting.
type Peer struct {
	Library string // with its version
	Setting string // "1 thread", or "" where there is but one setting
	BLAS    string // the library that computes its products, or ""
	ops     map[string]bool
	child   *child
}

// Find starts the peers that this machine has: OpenBLAS on the given number of threads, and PyTorch on one and on that number, since its pool
// and that of its BLAS compete and either setting can be the faster. What is missing or does not start is told in notes, a line each.
func Find(ctx context.Context, threads int) (found []*Peer, notes []string) {
	folder, err := unpack()
	if err != nil {
		return nil, []string{fmt.Sprintf("no peers: unpacking their scripts: %v", err)}
	}
	defer os.RemoveAll(folder) // a script that answered has been read
	for _, c := range candidates(ctx, threads) {
		if c.missing != "" {
			notes = append(notes, c.missing)
			continue
		}
		p, err := start(ctx, c, folder)
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s is left out: %v", c.name, err))
			continue
		}
		found = append(found, p)
	}
	if note := doubts(found); note != "" {
		notes = append(notes, note)
	}
	return found, notes
}

func start(ctx context.Context, c candidate, folder string) (*Peer, error) {
	args := append([]string{filepath.Join(folder, c.script)}, c.args...)
	child, err := launch(ctx, environment(c.threads), c.python, args...)
	if err != nil {
		return nil, err
	}
	hello, err := child.answer(ctx, startTimeout)
	if err == nil && hello.Name == "" {
		err = errors.New("it does not say its name")
	}
	if err != nil {
		child.kill()
		return nil, err
	}
	p := &Peer{Library: hello.Name, Setting: c.setting, BLAS: hello.BLAS, ops: make(map[string]bool), child: child}
	for _, op := range hello.Ops {
		p.ops[op] = true
	}
	child.suspend()
	return p, nil
}

// Can reports whether the peer knows an operation and has not failed for good.
func (p *Peer) Can(op string) bool { return p.ops[op] && !p.child.dead }

// Name is the library with the setting.
func (p *Peer) Name() string {
	if p.Setting == "" {
		return p.Library
	}
	return p.Library + " (" + p.Setting + ")"
}

// Label is Name with the BLAS that the library loaded.
func (p *Peer) Label() string {
	if p.BLAS == "" {
		return p.Name()
	}
	return p.Name() + " on " + p.BLAS
}

// referenceBLAS is what blas.py calls the plain loops of Netlib's library.
const referenceBLAS = "reference BLAS"

// doubts is a note on peers whose products are no yardstick, or "".
func doubts(found []*Peer) string {
	for _, p := range found {
		if p.BLAS == referenceBLAS {
			return p.Library + " computes its products with the reference BLAS, some 20 times slower than a tuned one: " +
				"do not compare with it before a tuned one is installed (libopenblas0)"
		}
	}
	return ""
}

// Close ends the process.
func (p *Peer) Close() { p.child.kill() }

func unpack() (string, error) {
	folder, err := os.MkdirTemp("", "drift-peers-")
	if err != nil {
		return "", err
	}
	entries, err := scripts.ReadDir(".")
	for _, e := range entries {
		var text []byte
		if err == nil {
			text, err = scripts.ReadFile(e.Name())
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, e.Name()), text, 0o600)
		}
	}
	if err != nil {
		os.RemoveAll(folder)
	}
	return folder, err
}
