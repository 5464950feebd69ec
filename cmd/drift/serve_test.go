package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// heard is a writer that says when it has been written to.
type heard struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first chan struct{}
	once  sync.Once
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.once.Do(func() { close(h.first) })
	return h.text.Write(p)
}

// A run that --serve shows keeps the same bits as one that nobody looks at, and its page is drift report's.
func TestServingChangesNothing(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	args := strings.Fields("train --data glyphs,train=60,test=40,size=8 --model mlp:6 --epochs 3 --log-every 2 --out")
	status, _, stderr := drift(t, append(args, in("seen"), "--serve", ":0")...)
	if status != statusDone || !strings.Contains(stderr, "note: the page of "+in("seen")+" is at http://127.0.0.1:") {
		t.Fatalf("status %d, %q", status, stderr)
	}
	if status, _, stderr := drift(t, append(args, in("unseen"))...); status != statusDone {
		t.Fatal(stderr)
	}
	for _, name := range []string{"config.toml", "weights.safetensors"} {
		a, err := os.ReadFile(in("seen/" + name))
		b, _ := os.ReadFile(in("unseen/" + name))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
	if status, _, stderr := drift(t, "train", "--resume", in("seen"), "--serve", ":0", "--epochs", "4"); status != statusDone {
		t.Errorf("resumed: %s", stderr)
	}
}

// watch answers until it is told to end.
func TestWatchCommand(t *testing.T) {
	folder := t.TempDir()
	run1 := filepath.Join(folder, "run")
	if status, _, stderr := drift(t, strings.Fields("train --quiet --data glyphs,train=60,test=40,size=8 --model mlp:6 --epochs 1 --out "+run1)...); status != statusDone {
		t.Fatal(stderr)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, ended := &heard{first: make(chan struct{})}, make(chan int)
	var stderr bytes.Buffer
	go func() { ended <- run(ctx, []string{"watch", run1, "--json", "-"}, out, &stderr) }()
	select {
	case <-out.first:
	case status := <-ended:
		t.Fatalf("it ended with %d: %s", status, stderr.String())
	}
	var result watched
	out.mu.Lock()
	err := json.Unmarshal(out.text.Bytes(), &result)
	out.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(result.URL)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(text), "A training run: mlp:6") {
		t.Errorf("%v: %.400s", err, text)
	}
	cancel()
	if status := <-ended; status != statusDone {
		t.Errorf("status %d: %s", status, stderr.String())
	}
}

func TestServeRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	out := filepath.Join(t.TempDir(), "run")
	for _, c := range []struct{ args, says string }{
		{"watch", "needs the folders"},
		{"watch run --serve 8080", "write :PORT"},
		{"watch run --serve " + taken.Addr().String(), "in use"},
		{"compare --serve 8080 --out " + out, "write :PORT"},
		{"study paper --serve 8080 --out " + out, "write :PORT"},
		{"train --serve :0", "name one with --out"},
		{"train --serve " + taken.Addr().String() + " --out " + out, "in use"},
	} {
		status, stdout, stderr := drift(t, strings.Fields(c.args)...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("drift %s: status %d, %q, %q; want %q", c.args, status, stdout, stderr, c.says)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refusal left a folder")
	}
}
