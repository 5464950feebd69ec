package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const tinyStudy = `seeds = 2
budget = {updates = 5}
tuning = {trials = 2, finalists = 1, again = 1}
[[task]]
name = "glyphs"
data = "glyphs,train=60,test=60,size=8"
model = "mlp:8"
[[optimizer]]
type = "sgd"
[[optimizer]]
type = "gd"
`

// shim puts a command of a name into a folder of the search path.
func shim(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/bash\n"+text+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
}

// The Slurm script submits an array and a job behind it; its tasks together with the merging come to results. sbatch and srun are stood in
// for, as the test has no cluster.
func TestSlurmExample(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash here")
	}
	script, err := filepath.Abs("../../examples/slurm/study.sh")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command(bash, "-n", script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	bin, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	file := filepath.Join(bin, "tiny.toml")
	if err := os.WriteFile(file, []byte(tinyStudy), 0o666); err != nil {
		t.Fatal(err)
	}
	shim(t, bin, "drift", "DRIFT_TEST_AS_MAIN=1 exec "+os.Args[0]+` "$@"`)
	shim(t, bin, "srun", `exec "$@"`)
	shim(t, bin, "sbatch", `echo "$@" >> `+bin+`/submitted; echo 17`)
	run := func(env ...string) string {
		t.Helper()
		cmd := exec.Command(bash, script)
		cmd.Env = append(append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "STUDY="+file, "OUT="+out), env...)
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return string(text)
	}
	if text := run(); !strings.Contains(text, "2 optimizers, 2 seeds: 10 runs") {
		t.Error(text)
	}
	submitted, err := os.ReadFile(filepath.Join(bin, "submitted"))
	if err != nil || !strings.Contains(string(submitted), "--dependency=afterany:17") || !strings.Contains(string(submitted), "drift study --resume") {
		t.Errorf("%s, %v", submitted, err)
	}
	done := make(chan string, 2) // tasks of an array run side by side, and wait for each other's trials
	for _, task := range []string{"0", "1"} {
		go func() { done <- run("SLURM_ARRAY_TASK_ID="+task, "SLURM_ARRAY_TASK_COUNT=2", "SLURM_CPUS_PER_TASK=1") }()
	}
	<-done
	<-done
	if code, _, stderr := drift(t, "study", "--resume", out, "--quiet"); code != 0 {
		t.Error(stderr)
	}
}

// The commands of the Kubernetes Jobs are ones that drift takes.
func TestKubernetesExample(t *testing.T) {
	text, err := os.ReadFile("../../examples/kubernetes/study.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file, out := filepath.Join(folder, "study.toml"), filepath.Join(folder, "study")
	if err := os.WriteFile(file, []byte(tinyStudy), 0o666); err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^ *args: (\[.*\])$`).FindAllStringSubmatch(string(text), -1)
	if len(commands) != 2 {
		t.Fatalf("%d commands", len(commands))
	}
	for _, c := range commands {
		line := strings.NewReplacer("$(JOB_COMPLETION_INDEX)/16", "0/1", "/study/study.toml", file, "/out/study", out).Replace(c[1])
		var args []string
		if err := json.Unmarshal([]byte(line), &args); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := drift(t, args...); code != 0 {
			t.Errorf("%v: %s", args, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "study.json")); err != nil {
		t.Error(err)
	}
}

// So is the command of the MPI operator's job, which drift takes alone too, in as many parts.
func TestMPIOperatorExample(t *testing.T) {
	text, err := os.ReadFile("../../examples/kubernetes/train.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^ *args: (\[.*\])$`).FindStringSubmatch(string(text))
	if found == nil {
		t.Fatal("no command")
	}
	var args []string
	if err := json.Unmarshal([]byte(found[1]), &args); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "run")
	line := strings.Join(args[slices.Index(args, "/drift")+1:], " ")
	line = strings.NewReplacer("/out/run", out, "fashion-mnist", "glyphs,train=60,test=20,size=8", " --data-dir /out/data", "", "2000", "2", "mlp:256", "mlp:4").Replace(line)
	if code, _, stderr := drift(t, strings.Fields(line)...); code != 0 {
		t.Error(stderr)
	}
}
