//go:build mpi && linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"drift/kernels/group/grouptest"
	"drift/optim/rundir"
)

// started is n processes of a program; "" is this test standing in for drift.
func started(launcher []string, n int, program string, args ...string) *exec.Cmd {
	if program == "" {
		program = os.Args[0]
	}
	line := append(append(append([]string{}, launcher[1:]...), "-n", fmt.Sprint(n), program), args...)
	cmd := exec.Command(launcher[0], line...)
	cmd.Env = append(os.Environ(), "DRIFT_TEST_AS_MAIN=1")
	return cmd
}

// finish runs processes for at most three minutes: processes that wait for each other thousands of times take long on a busy machine.
func finish(t *testing.T, cmd *exec.Cmd) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(3*time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	return out.String(), err
}

var seconds = regexp.MustCompile(`"seconds":[^,}]*`)

// left is what a run has left: its weights, and its log without times.
func left(t *testing.T, folder string) string {
	t.Helper()
	weights, err := os.ReadFile(filepath.Join(folder, rundir.WeightsName))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(folder, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(weights) + seconds.ReplaceAllString(string(log), "")
}

// What compare, measure and verify find is the same too, and the first process alone prints and writes.
func TestTogetherOtherCommands(t *testing.T) {
	all, folder := grouptest.Launchers(t), t.TempDir()
	for i, c := range []struct{ args, file string }{
		{"measure --data glyphs,train=60,size=8 --model mlp:6,act=tanh --sigma-top 2 --hessian-top 2 --layers --examples 50 --parts 2", "measure.json"},
		{"compare --data glyphs,train=40,test=20,size=8 --model mlp:6,act=tanh --optimizers sgd,gd-reg --seeds 2 --steps 8 --shuffles 0 --parts 2 --quiet", "runs.csv"},
		{"verify --data glyphs,train=32,test=16,size=8 --model mlp:4,act=tanh --examples 4 --batches 2,4 --draws 100 --parts 2 --quiet", "verify.json"},
	} {
		run := func(name string, cmd *exec.Cmd) (said, file string) {
			out := filepath.Join(folder, fmt.Sprint(i, name))
			cmd.Args = append(cmd.Args, "--threads", "1", "--out", out)
			said, err := finish(t, cmd)
			text, read := os.ReadFile(filepath.Join(out, c.file))
			if read != nil { // checks of the theory may fail on so few draws, and are kept then too
				t.Fatalf("%s: %s: %v, %s", c.args, name, err, said)
			}
			if c.file == "runs.csv" { // without the column of seconds
				text = regexp.MustCompile(`(?m)^(([^,\n]*,){7})[^,\n]*`).ReplaceAll(text, []byte("$1"))
			}
			return strings.ReplaceAll(said, out, "FOLDER"), string(text)
		}
		args := strings.Fields(c.args)
		said, want := run("alone", child(args...))
		for name, launcher := range all {
			says, got := run(name, started(launcher, 2, "", args...))
			if got != want {
				t.Errorf("%s: %s finds\n%s\nwant\n%s", c.args, name, got, want)
			}
			if c.file == "measure.json" && says != said {
				t.Errorf("%s: %s prints\n%s\nwant\n%s", c.args, name, says, said)
			}
		}
	}
}

// One line says what is wrong, whichever process it is wrong in, and none waits.
func TestTogetherMistakesAreOneLine(t *testing.T) {
	all, folder := grouptest.Launchers(t), t.TempDir()
	other := filepath.Join(folder, "other")
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, append(program, 0), 0o777); err != nil {
		t.Fatal(err)
	}
	for rank, number := range []string{"0.25", "0.75"} { // other data in each process
		rows := strings.Repeat("0.5,1,0\n"+number+",2,1\n", 10)
		if err := os.MkdirAll(filepath.Join(folder, fmt.Sprint(rank)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(rank), "rows.csv"), []byte("a,b,y\n"+rows), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	rank := "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}"
	train := os.Args[0] + " train --steps 5 --model mlp:4 --threads 1 --quiet "
	for name, launcher := range all {
		for _, c := range []struct{ script, says string }{
			{"exec " + train, "--parts 1: 2 processes share the parts of a pass: give --parts 2 or more"},
			{"exec " + os.Args[0] + " env", "drift env runs in one process"},
			{"exec " + train + "--parts 2 --lr 0.$((1+" + rank + "))", "process 1 has other command line than process 0"},
			{"cd " + folder + "/" + rank + " && exec " + train + "--parts 2 --data csv:rows.csv", "process 1 has other data than process 0"},
			{"[ " + rank + " = 0 ] && exec " + train + "--parts 2; exec " + other + " train --steps 5 --model mlp:4 --threads 1 --quiet --parts 2", "process 1 has other program"},
			{"cd " + folder + " && [ " + rank + " = 0 ] || cd / ; exec " + train + "--parts 2 --data csv:0/rows.csv", "process 1: "},
			{"exec " + train + "--parts 2 --out /dev/null/run", "/dev/null"},
		} {
			out, err := finish(t, started(launcher, 2, "sh", "-c", c.script))
			var ours []string
			for line := range strings.Lines(out) {
				if strings.HasPrefix(line, "drift: ") { // launchers have their say besides
					ours = append(ours, line)
				}
			}
			if err == nil || len(ours) != 1 || !strings.Contains(ours[0], c.says) {
				t.Errorf("%s: %s: %v, want one line with %q\n%s", name, c.script, err, c.says, out)
			}
		}
	}
}
