package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drift/cmd/drift/internal/machine"
)

// drift runs one command line in this process.
func drift(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(context.Background(), last(args), &out, &errs)
	return status, out.String(), errs.String()
}

// last is a command line in which flags that come again later are left out, so that tests can add to a common one.
func last(args []string) []string {
	var kept []string
	for i := 0; i < len(args); i++ {
		value := i+1 < len(args) && !strings.Contains(args[i], "=") && !strings.HasPrefix(args[i+1], "--")
		name, _, _ := strings.Cut(args[i], "=")
		again := slices.ContainsFunc(args[i+1:], func(later string) bool { return later == name || strings.HasPrefix(later, name+"=") })
		if flag := strings.HasPrefix(name, "--"); !flag || !again {
			kept = append(kept, args[i])
		} else if value {
			i++
		}
	}
	return kept
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// The names of commands that can be asked for help are completed.
func TestHelpIsCompleted(t *testing.T) {
	for line, want := range map[string]string{"help tr": "train\t", "help data fe": "fetch\t", "help env ": ":4"} {
		words := strings.Split(line, " ")
		if status, stdout, stderr := drift(t, append([]string{"__complete"}, words...)...); status != statusDone || !strings.HasPrefix(stdout, want) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want %q first", line, status, stdout, stderr, want)
		}
	}
}

// Every mistake in a command line ends with status 2 and one line that says what is wrong and what to do.
func TestWrongCommandLines(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct{ args, says string }{
		{"enw", `unknown command "enw": did you mean env?`},
		{"enw --help", `unknown command "enw": did you mean env?`},
		{"--seed 3 enw -h", `unknown command "enw": did you mean env?`},
		{"help enw", `unknown command "enw": did you mean env?`},
		{"help data lst", `unknown command "lst": did you mean list?`},
		{"help model lenet", `drift help takes a command, got "lenet" too: see drift model --help`},
		{"env extra", `takes no argument "extra"`},
		{"env --treads 2", "unknown flag --treads: did you mean --threads?"},
		{"env --zzzzzz 2", "drift env --help lists all"},
		{"env --threads -1", `--threads: got "-1": give a whole number of at least 0`},
		{"env --threads two", `--threads: got "two"`},
		{"env --threads 5000", "at most 4096"},
		{"env --seed -1", "--seed: "},
		{"env --seed 18446744073709551616", "whole number from 0 to 18446744073709551615"},
		{"env --seed", "needs an argument"},
		{"env --dtype float16", `unknown dtype "float16": choose float32 or float64`},
		{"env --device gpu", `unknown device "gpu"`},
		{"env --device cuda:x", `unknown device "cuda:x"`},
		{"env --json " + folder, "is a folder"},
		{"env --json " + folder + "/none/x.json", "cannot write"},
		{"env --config " + folder + "/none.toml", "no such file"},
		{"env --config " + write(t, "a.toml", "seeed = 3"), "seeed is no flag of this command: did you mean seed?"},
		{"env --config " + write(t, "b.toml", "threads = -2"), "threads: got \"-2\""},
		{"env --config " + write(t, "c.toml", "seed = [1, 2]"), "give one value"},
		{"env --config " + write(t, "d.toml", "config = 'x'"), "no flag that a file can set"},
		{"env --config " + write(t, "e.toml", "seed = "), "e.toml: "},
		{"env --config " + write(t, "f.toml", "[seed]\nx = 1"), "give a number"},
		{"env --config " + write(t, "g.toml", "threads = [[2]]"), "give a number"},
		{"env --config " + write(t, "h.toml", "checkpoint-every = 2"), "checkpoint-every is no flag of this command: see"},
	} {
		status, stdout, stderr := drift(t, strings.Fields(c.args)...)
		if status != statusUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "drift: ") || !strings.Contains(stderr, c.says) {
			t.Errorf("drift %s: status %d, stdout %q, stderr %q; want 2 and one line with %q", c.args, status, stdout, stderr, c.says)
		}
	}
}

func TestHelpShowsExamples(t *testing.T) {
	for _, c := range (&app{}).root().Commands() {
		if c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if c.Example == "" || c.Long == "" {
			t.Errorf("%s has no long help or no example", c.CommandPath())
		}
		status, stdout, _ := drift(t, c.Name(), "--help")
		if status != statusDone || !strings.Contains(stdout, "Examples:") {
			t.Errorf("%s --help: status %d, %q", c.CommandPath(), status, stdout)
		}
	}
	if status, stdout, _ := drift(t, "--version"); status != statusDone || stdout != "drift version "+machine.Version()+"\n" {
		t.Errorf("--version: status %d, %q", status, stdout)
	}
	if status, stdout, _ := drift(t); status != statusDone || !strings.Contains(stdout, "Available Commands") || !strings.Contains(stdout, "\n  drift compare  ") {
		t.Errorf("drift alone: status %d, %q", status, stdout)
	}
}

func TestJSONKeepsStandardOutputClean(t *testing.T) {
	var result machine.Environment
	status, stdout, stderr := drift(t, "env", "--json", "-")
	if status != statusDone || json.Unmarshal([]byte(stdout), &result) != nil || !strings.Contains(stderr, "processor") {
		t.Errorf("--json -: status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	path := filepath.Join(t.TempDir(), "env.json")
	status, stdout, _ = drift(t, "env", "--quiet", "--json", path)
	text, err := os.ReadFile(path)
	if status != statusDone || stdout != "" || err != nil || json.Unmarshal(text, &result) != nil {
		t.Errorf("--quiet --json FILE: status %d, stdout %q, file %q, %v", status, stdout, text, err)
	}
}

func TestCommandLineWinsOverConfig(t *testing.T) {
	path := write(t, "run.toml", "threads = 3\nquiet = true\n")
	var result machine.Environment
	for args, want := range map[string]int{"": 3, " --threads 5": 5} {
		_, stdout, stderr := drift(t, strings.Fields("env --json - --config "+path+args)...)
		if err := json.Unmarshal([]byte(stdout), &result); err != nil || result.CPU.Used != want || stderr != "" {
			t.Errorf("with%q: %d threads, stderr %q, %v; want %d", args, result.CPU.Used, stderr, err, want)
		}
	}
}
