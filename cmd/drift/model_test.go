package main

import (
	"strings"
	"testing"
)

// A network without parameters is refused in one line by every command that takes one.
func TestNetworksWithoutParametersAreRefused(t *testing.T) {
	network := write(t, "relu.json", `{"layers": ["relu"]}`)
	for _, command := range []string{"train", "measure", "verify", "compare"} {
		status, _, stderr := drift(t, command, "--quiet", "--data", "glyphs,train=20,test=10,size=8", "--model", network)
		if status != statusFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "its layers have no parameters") {
			t.Errorf("%s: status %d, %s", command, status, stderr)
		}
	}
}

// A preset has no shapes of its own, and says how it gets them.
func TestModelOfAPresetWithoutData(t *testing.T) {
	status, stdout, stderr := drift(t, "model", "resnet20")
	if status == statusDone || stdout != "" || !strings.Contains(stderr, "add --data SPEC") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}
