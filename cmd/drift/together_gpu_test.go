//go:build gpu && mpi && linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drift/kernels/cuda"
	"drift/kernels/group/grouptest"
)

const sharedTask = "--data glyphs,train=60,test=40,size=8 --steps 12 --log-every 4 --parts 4 --threads 1 "

// onGPUs is processes that train on the GPUs of an emulated machine.
type onGPUs struct {
	t        *testing.T
	launcher []string
	n        int
	env      []string // besides
	script   string   // that a process begins with; it ends in "exec drift"
}

func (o onGPUs) train(out string, flags string) (said string, err error) {
	line := "train --device cuda " + sharedTask + "--model mlp:12,act=tanh " + flags + " --out " + out
	cmd := started(o.launcher, o.n, "sh", "-c", o.script+" exec "+os.Args[0]+" "+line)
	cmd.Env = append(cmd.Env, append([]string{"DRIFT_EMULATOR_GPUS=4"}, o.env...)...)
	return finish(o.t, cmd)
}

func emulatedGPU(t *testing.T) {
	t.Helper()
	if gpus := cuda.Probe().Devices; len(gpus) == 0 || gpus[0].Name != "emulated GPU" {
		t.Skip("this takes emulated GPUs")
	}
}

// Processes that add up by NCCL come to the bits of those that do it on the host, and of one alone.
func TestOnGPUsNCCLHasTheSameBits(t *testing.T) {
	emulatedGPU(t)
	folder := t.TempDir()
	for name, launcher := range grouptest.Launchers(t) {
		bits := func(what string, o onGPUs, says string) string {
			o.t, o.launcher = t, launcher
			out := filepath.Join(folder, strings.ReplaceAll(name, " ", "-")+"-"+what)
			said, err := o.train(out, "--optimizer gd-reg --emulate-batch 10")
			if err != nil || !strings.Contains(said, says) || strings.Contains(said, "processes on GPUs") != (o.n > 1) {
				t.Fatalf("%s, %s: %v, want one that says %q\n%s", name, what, err, says, said)
			}
			return left(t, out)
		}
		want := bits("alone", onGPUs{n: 1}, "")
		for what, c := range map[string]struct {
			onGPUs
			says string
		}{
			"two":   {onGPUs{n: 2}, "2 processes on GPUs: sums by NCCL 2.18.5"},
			"four":  {onGPUs{n: 4}, "4 processes on GPUs: sums by NCCL 2.18.5"},
			"host":  {onGPUs{n: 2, env: []string{"DRIFT_NCCL=off"}}, "sums by way of the host: process 0: DRIFT_NCCL=off"},
			"shown": {onGPUs{n: 2, script: "export CUDA_VISIBLE_DEVICES=$((3-${OMPI_COMM_WORLD_RANK:-$PMI_RANK}));"}, "sums by NCCL 2.18.5"},
		} {
			if bits(what, c.onGPUs, c.says) != want {
				t.Errorf("%s, %s: other weights or another log than one process", name, what)
			}
		}
	}
}

// One line says what is wrong, and all processes end.
func TestOnGPUsMistakesAreOneLine(t *testing.T) {
	emulatedGPU(t)
	for name, launcher := range grouptest.Launchers(t) {
		for _, c := range []struct {
			env  []string
			says string
		}{
			{[]string{"CUDA_VISIBLE_DEVICES=1"}, "processes 0 and 1 have the same GPU (cuda:0): start a process for each GPU"},
			{[]string{"DRIFT_NCCL_TIMEOUT=soon"}, `DRIFT_NCCL_TIMEOUT is "soon": give seconds`},
			{[]string{"DRIFT_EMULATOR_NCCL=1:ncclSend:9:fail"}, "process 1: adding over 2 processes: cuda:1: adding up by NCCL: ncclSend: unhandled system error"},
			{[]string{"DRIFT_EMULATOR_NCCL=1:ncclGroupEnd:5:hang", "DRIFT_NCCL_TIMEOUT=2"}, "another process does not answer for 2s"},
		} {
			begin := time.Now()
			said, err := onGPUs{t: t, launcher: launcher, n: 2, env: c.env}.train(t.TempDir(), "--batch 10")
			var ours []string
			for line := range strings.Lines(said) {
				if strings.HasPrefix(line, "drift: ") && !strings.HasPrefix(line, "drift: note: ") {
					ours = append(ours, line)
				}
			}
			if err == nil || len(ours) != 1 || !strings.Contains(ours[0], c.says) || time.Since(begin) > 30*time.Second {
				t.Errorf("%s, %v: %v after %v, want one line with %q\n%s", name, c.env, err, time.Since(begin), c.says, said)
			}
		}
	}
}
