package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"drift/bench/study"
	"drift/kernels/group/mpi"
)

// TestMain lets the test binary stand in for drift, as a process that can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("DRIFT_TEST_AS_MAIN") == "1" {
		if path := os.Getenv("DRIFT_TEST_LINES"); path != "" {
			os.Exit(allTogether(path))
		}
		main()
	}
	os.Exit(m.Run())
}

// allTogether executes the command lines in a file, one after the other, as one of the processes that a launcher has started once for them
// all, and tells the status and the output of each that fails.
func allTogether(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	g, err := mpi.Start()
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(text)) {
		var out bytes.Buffer
		if status := runIn(context.Background(), g, strings.Fields(line), &out, &out); status != statusDone {
			if g.First() {
				fmt.Printf("%sstatus %d: %s", line, status, out.String())
			}
			g.Abort(status) // an error ends the group, with what comes after
			return status
		}
	}
	if err := g.Close(); err != nil {
		panic(err)
	}
	return statusDone
}

func child(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], last(args)...)
	cmd.Env = append(os.Environ(), "DRIFT_TEST_AS_MAIN=1")
	return cmd
}

// killUntilDone starts a process that is killed at a random moment, and goes on with what it began, killing each later one less
// soon, until one ends by itself. begun is a path that is there once there is something to go on with. It returns the number of kills.
func killUntilDone(t *testing.T, start, goOn []string, begun string) int {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	args := start
	for kills := 0; ; kills++ {
		process := child(args...)
		var stderr bytes.Buffer
		process.Stderr = &stderr
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(20+r.IntN(30<<min(kills, 8)))*time.Millisecond, func() { process.Process.Kill() })
		err := process.Wait()
		timer.Stop()
		if err == nil && kills == 0 {
			t.Fatal("it ended before it was killed")
		}
		if err == nil {
			return kills
		}
		if strings.Contains(stderr.String(), "it is finished") { // the kill before came between its end and its exit
			return kills
		}
		if stderr.Len() > 0 || kills == 50 {
			t.Fatalf("after %d kills: %v, %s", kills, err, stderr.String())
		}
		if _, err := os.Stat(begun); err == nil {
			args = goOn
		}
	}
}

// Ctrl-C reaches a process as SIGINT; batch systems send others. All end a run with a checkpoint.
func TestSignalsStopCleanly(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1} {
		out := filepath.Join(t.TempDir(), "run")
		process := child(strings.Fields(smallRun + "--steps 100000000 --checkpoint-every 0 --out " + out)...)
		var stderr bytes.Buffer
		process.Stderr = &stderr
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(300*time.Millisecond, func() { process.Process.Signal(signal) })
		err := process.Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != statusFailed || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v: %v, %q", signal, err, stderr.String())
		}
		if _, err := os.Stat(filepath.Join(out, "checkpoint", "state.safetensors")); err != nil {
			t.Errorf("%v: %v", signal, err)
		}
	}
}

// A study that is killed at random moments comes to the same bytes as one that is not.
func TestStudiesGoOnAfterKills(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "small.toml")
	if err := os.WriteFile(file, []byte(smallStudy), 0o666); err != nil {
		t.Fatal(err)
	}
	whole, killed := filepath.Join(folder, "whole"), filepath.Join(folder, "killed")
	if code, _, stderr := drift(t, "study", file, "--out", whole, "--quiet"); code != 0 {
		t.Fatal(stderr)
	}
	kills := killUntilDone(t, []string{"study", file, "--out", killed, "--quiet"}, []string{"study", "--resume", killed, "--quiet"}, filepath.Join(killed, study.FileName))
	if kills < 3 {
		t.Errorf("killed %d times only", kills)
	}
	names, err := filepath.Glob(filepath.Join(whole, "*.*"))
	if err != nil || len(names) < 12 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		if base := filepath.Base(name); base == "seconds.csv" || base == "report.html" { // seconds are each run's own
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(killed, filepath.Base(name))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs after %d kills: %v", filepath.Base(name), kills, err)
		}
	}
}
