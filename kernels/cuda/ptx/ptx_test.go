package ptx

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The record that build.sh leaves beside its output must be that of the files here, or the output is stale.
func TestCompiledFromTheseSources(t *testing.T) {
	files, _ := filepath.Glob("*.cu")
	slices.Sort(files)
	hash := sha256.New()
	for _, f := range slices.Concat([]string{"attention.cuh", "device.cuh", "window.cuh"}, files, []string{"build.sh"}) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(text)
	}
	want, err := os.ReadFile("sources.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", hash.Sum(nil)); got != strings.TrimSpace(string(want)) {
		t.Fatal("the kernels were changed after they were compiled: run build.sh here with nvcc 11.8")
	}
}

// nvcc's output is the same to the byte for the same version and flags.
func TestRebuildIsIdentical(t *testing.T) {
	version, err := exec.Command("nvcc", "--version").Output()
	if err != nil || !bytes.Contains(version, []byte("release 11.8")) {
		t.Skip("nvcc 11.8 is not here")
	}
	out := t.TempDir()
	if text, err := exec.Command("./build.sh", out).CombinedOutput(); err != nil {
		t.Fatalf("build.sh: %v\n%s", err, text)
	}
	files, _ := filepath.Glob("*.ptx")
	if len(files) == 0 {
		t.Fatal("no PTX files")
	}
	for _, f := range files {
		committed, _ := os.ReadFile(f)
		rebuilt, _ := os.ReadFile(filepath.Join(out, f))
		if !bytes.Equal(committed, rebuilt) {
			t.Errorf("%s differs from what nvcc makes of its source", f)
		}
	}
}

// Values that left the registers for local memory would cost more time than most kernels take; 64 registers leave room for half of
// the threads that a processor holds. Those of attention hold squares of products, and are bound by what they compute.
func TestKernelsStayInRegisters(t *testing.T) {
	if _, err := exec.LookPath("ptxas"); err != nil {
		t.Skip("ptxas is not here")
	}
	files, _ := filepath.Glob("*.ptx")
	report := regexp.MustCompile(`(?s)entry function '(\w+_(?:f32|b16))'.*?(\d+) bytes stack frame, (\d+) bytes spill.*?Used (\d+) registers`)
	for _, arch := range []string{"sm_80", "sm_90"} {
		for _, f := range files {
			most := 64
			switch f {
			case "functions.ptx":
				continue // which package emit looks after
			case "attention.ptx", "attention_hvp.ptx":
				most = 128
			}
			text, err := exec.Command("ptxas", "-arch="+arch, "-v", "-o", os.DevNull, f).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			found := report.FindAllStringSubmatch(string(text), -1)
			if len(found) == 0 {
				t.Errorf("%s: no kernels in the report\n%s", f, text)
			}
			for _, m := range found {
				if registers, _ := strconv.Atoi(m[4]); m[2] != "0" || m[3] != "0" || registers > most {
					t.Errorf("%s, %s: %s bytes of stack, %s spilled, %s registers", arch, m[1], m[2], m[3], m[4])
				}
			}
		}
	}
}
