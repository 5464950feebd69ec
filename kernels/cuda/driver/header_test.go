//go:build gpu

package driver

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Where NVIDIA's header of CUDA 11 is installed, the functions, constants and structs of the hand-written one must be those.
func TestHeaderAgreesWithTheToolkit(t *testing.T) {
	const theirs = "/usr/include/cuda.h"
	text, err := os.ReadFile(theirs)
	if err != nil || !bytes.Contains(text, []byte("#define CUDA_VERSION 11")) {
		t.Skip("no header of CUDA 11 in /usr/include")
	}
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc")
	}
	ours, err := os.ReadFile("include/cuda.h")
	if err != nil {
		t.Fatal(err)
	}
	functions, _ := filepath.Abs("include/cuda_functions.h")
	var c strings.Builder
	fmt.Fprintf(&c, "#include %q\n#define F(name, parameters, arguments) CUresult name parameters;\n#include %q\n", theirs, functions)
	for _, m := range regexp.MustCompile(`\b(CU[A-Z0-9_]+) = (\d+)`).FindAllSubmatch(ours, -1) {
		fmt.Fprintf(&c, "_Static_assert(%s == %s, \"\");\n", m[1], m[2])
	}
	structs := regexp.MustCompile(`(?s)typedef struct CUDA_\w+ \{(.*?)\} (\w+);`).FindAllSubmatch(ours, -1)
	if len(structs) < 5 {
		t.Fatalf("%d structs are found in the header", len(structs))
	}
	for _, m := range structs {
		fmt.Fprintf(&c, "struct our_%s {%s};\n_Static_assert(sizeof(struct our_%s) == sizeof(%s), \"\");\n", m[2], m[1], m[2], m[2])
	}
	check := exec.Command(compiler, "-std=c11", "-fsyntax-only", "-x", "c", "-")
	check.Stdin = strings.NewReader(c.String())
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%s", out)
	}
}
