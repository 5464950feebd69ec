package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/bench/tensorboard"
)

// A run made longer goes on with its events, and the events change nothing of the run.
func TestTrainWritesEventsForTensorBoard(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	train := strings.Fields("train " + strings.Replace(smallTask, "test=0", "test=20", 1) + "--quiet --log-every 2 --eval-every 4 --epochs 1")
	for _, more := range [][]string{{"--out", in("run"), "--tensorboard", in("board")}, {"--out", in("plain")}} {
		if status, _, stderr := drift(t, append(train, more...)...); status != statusDone {
			t.Fatal(stderr)
		}
	}
	for _, name := range []string{"config.toml", "weights.safetensors"} {
		a, err := os.ReadFile(in("run/" + name))
		b, err2 := os.ReadFile(in("plain/" + name))
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs from that of a run without events", name)
		}
	}
	file := filepath.Join(in("board"), tensorboard.FileName)
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"brain.Event:2", "optimizer = \"sgd\"", "parameters/1.weight", "test_loss", "grad_norm2"} {
		if !bytes.Contains(first, []byte(want)) {
			t.Errorf("the events have no %s", want)
		}
	}
	if status, _, stderr := drift(t, "train", "--resume", in("run"), "--epochs", "2", "--quiet", "--tensorboard", in("board")); status != statusDone {
		t.Fatal(stderr)
	}
	both, err := os.ReadFile(file)
	if err != nil || len(both) <= len(first) || !bytes.HasPrefix(both, first) {
		t.Errorf("%d bytes of events became %d, %v", len(first), len(both), err)
	}
	status, _, stderr := drift(t, append(train, "--out", in("third"), "--tensorboard", in("board"))...)
	if _, err := os.Stat(in("third")); status != statusUsage || err == nil || !strings.Contains(stderr, "events of another run") {
		t.Errorf("a folder in use: status %d, %q", status, stderr)
	}
}
