package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What keeps a folder says at its end where it is and how to look at it, and the command that it names makes the page.
func TestCommandsSayHowToLookAtTheirFolder(t *testing.T) {
	const small = " --data glyphs,train=32,test=32,size=8 --model mlp:4,act=tanh"
	for _, command := range []string{
		"train --steps 2",
		"compare --optimizers sgd,gd --steps 2 --seeds 2 --batch 8",
		"verify --examples 4 --batches 2,4 --draws 1000",
		"measure --sigma-top 1",
	} {
		out := filepath.Join(t.TempDir(), "out")
		status, stdout, stderr := drift(t, strings.Fields(command+small+" --out "+out)...)
		_, hint, _ := strings.Cut(stdout, " are in "+out+": ")
		look, _, said := strings.Cut(hint, " makes a page of them\n")
		if status != statusDone || !said || look != "drift report "+out {
			t.Errorf("%s: status %d, %q, %q", command, status, stdout, stderr)
			continue
		}
		page := filepath.Join(t.TempDir(), "page.html")
		if status, _, stderr := drift(t, append(strings.Fields(look)[1:], "--out", page)...); status != statusDone {
			t.Errorf("%s: %q", look, stderr)
		}
	}
}
