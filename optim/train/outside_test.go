package train

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"drift/kernels/devicetest"
)

// A module of its own that requires drift brings a layer, a Gorgonia graph and an optimizer, trains, is killed and resumes, compares and measures with them.
func TestAnotherModuleUsesDrift(t *testing.T) {
	devicetest.NotOnGPU(t)
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here to build another module with")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	own, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	requirements := regexp.MustCompile(`(?s)require \(.*?\n\)`).FindAllString(string(own), -1)
	module := "module outside\n\ngo 1.26.0\n\nrequire drift v0.0.0\n\nreplace drift => " + root + "\n\n" + strings.Join(requirements, "\n\n") + "\n"
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("testdata/outside/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": module, "go.sum": string(sums), "main.go": string(source)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(folder, "outside")
	cmd := exec.Command("go", "build", "-mod=mod", "-o", program, ".")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command(program, t.TempDir()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"resumed to the same bits", "compared sgd and decaying by 4 trials", "all is that of single examples"} {
		if strings.Count(string(out), want) != 2 {
			t.Errorf("%q is not twice in %s", want, out)
		}
	}
}
