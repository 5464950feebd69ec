//go:build mpi && linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/kernels/group/grouptest"
)

// Of each kind of direction one optimizer, or more where methods differ.
var sharedOptimizers = []string{
	"sgd --momentum 0.9 --batch 16 --every 2", "gd", "gd-reg --emulate-batch 10", "sgd-reg --batch 20 --emulate-batch 5",
	"sigma-inverse --method gram --lr 0.02 --damping 2", "sigma-inverse --method lowrank --rank 4 --lr 0.02 --damping 2",
	"sigma-inverse --method diagonal --lr 0.02 --damping 1", "sigma-inverse --method kronecker --lr 0.02 --damping 1",
	"gd-noise --emulate-batch 10", "gd-noise --emulate-batch 10 --noise sigma", "adamw --batch 16 --lr 0.01",
}

// sharedRuns are flags of training runs, every optimizer on every kind of network, all cut into four parts.
func sharedRuns(t *testing.T, folder string) (all []string) {
	t.Helper()
	text := filepath.Join(folder, "verse.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("the sun and the moon, the moon and the tide. ", 9)), 0o666); err != nil {
		t.Fatal(err)
	}
	short := "--steps 4 --log-every 2 --parts 4 --threads 1 --quiet "
	glyphs := "--data glyphs,train=60,test=40,size=8 " + short
	for _, network := range []string{
		glyphs + "--model mlp:12,act=tanh", glyphs + `--model {"layers":[{"conv2d":{"out":3,"kernel":3}},"tanh","flatten",{"linear":{"out":10}}]}`,
		short + "--model gpt:1,2,8 --data text:" + text + ",context=8",
	} {
		for _, optimizer := range sharedOptimizers {
			all = append(all, network+" --optimizer "+optimizer)
		}
	}
	return append(all, glyphs+"--model mlp:512,512 --optimizer sgd --momentum 0.9 --batch 32") // its sums go out in pieces
}

// Every optimizer on every kind of network comes to the same weights and the same log in two and four processes of each MPI as in one.
func TestTogetherRunsHaveTheSameBits(t *testing.T) {
	launchers, folder := grouptest.Launchers(t), t.TempDir()
	runs := sharedRuns(t, folder)
	do := func(name string, launcher []string, n int) {
		var lines strings.Builder
		for i, flags := range runs {
			fmt.Fprintf(&lines, "train %s --out %s\n", flags, filepath.Join(folder, name, fmt.Sprint(i)))
		}
		path := filepath.Join(folder, name+".lines")
		if err := os.WriteFile(path, []byte(lines.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := child()
		if n > 1 {
			cmd = started(launcher, n, "")
		}
		cmd.Env = append(cmd.Env, "DRIFT_TEST_LINES="+path)
		if said, err := finish(t, cmd); err != nil || said != "" {
			t.Fatalf("%s: %v, %s", name, err, said)
		}
	}
	do("alone", nil, 1)
	for by, launcher := range launchers {
		for _, n := range []int{2, 4} {
			name := fmt.Sprintf("%s-%d", strings.ReplaceAll(by, " ", "-"), n)
			do(name, launcher, n)
			for i, flags := range runs {
				if left(t, filepath.Join(folder, name, fmt.Sprint(i))) != left(t, filepath.Join(folder, "alone", fmt.Sprint(i))) {
					t.Errorf("%s: %d processes of %s come to other weights or another log", flags, n, by)
				}
			}
		}
	}
}
