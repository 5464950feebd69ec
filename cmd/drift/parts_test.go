package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// --parts is a setting of a run: its config.toml has it, and a resumed run keeps it.
func TestPartsAreASettingOfARun(t *testing.T) {
	folder := t.TempDir()
	out, again := filepath.Join(folder, "run"), filepath.Join(folder, "again")
	args := []string{"train", "--data", "glyphs,train=30,test=10,size=8", "--model", "mlp:4", "--steps", "3", "--quiet"}
	if code, _, stderr := drift(t, append(args, "--parts", "4", "--out", out)...); code != 0 {
		t.Fatal(stderr)
	}
	config, err := os.ReadFile(filepath.Join(out, "config.toml"))
	if err != nil || !strings.Contains(string(config), "parts = 4\n") {
		t.Errorf("%v, %s", err, config)
	}
	if code, _, stderr := drift(t, "train", "--config", filepath.Join(out, "config.toml"), "--quiet", "--out", again); code != 0 {
		t.Fatal(stderr)
	}
	one, _ := os.ReadFile(filepath.Join(out, "weights.safetensors"))
	other, _ := os.ReadFile(filepath.Join(again, "weights.safetensors"))
	if len(one) == 0 || string(one) != string(other) {
		t.Error("the configuration of a run in parts comes to other weights")
	}
	for _, wrong := range []string{"0", "3", "x", "-2"} {
		if code, _, stderr := drift(t, append(args, "--parts", wrong)...); code != statusUsage || !strings.Contains(stderr, "--parts: got") {
			t.Errorf("--parts %s: %d, %s", wrong, code, stderr)
		}
	}
}
