//go:build mpi && (linux || darwin)

package mpi

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"drift/kernels/group"
	"drift/kernels/group/grouptest"
)

// inside names the process of a group of this many that a test has started.
const inside = "DRIFT_TEST_INSIDE"

func start(t testing.TB, command []string, n int, args ...string) (string, error) {
	t.Helper()
	line := append(append(command[1:], "-n", fmt.Sprint(n), os.Args[0]), args...)
	cmd := exec.Command(command[0], line...)
	cmd.Env = append(os.Environ(), inside+"="+fmt.Sprint(n))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The suite, each group a program of its own, as MPI starts once in a process.
func TestTransport(t *testing.T) {
	if os.Getenv(inside) != "" {
		grouptest.Inside(t, os.Getenv(inside), func() (*group.Group, error) { return Start() })
		return
	}
	for name, command := range grouptest.Launchers(t) {
		for _, n := range []int{2, 4} {
			for _, body := range grouptest.Names() {
				t.Run(fmt.Sprint(name, " ", n, " ", body), func(t *testing.T) {
					t.Setenv(grouptest.Variable, body)
					if out, err := start(t, command, n, "-test.run", "^TestTransport$", "-test.count", "1"); err != nil {
						t.Errorf("%v\n%s", err, out)
					}
				})
			}
		}
	}
}

// A launcher of another MPI than the library makes every process believe that it is alone.
func TestAnotherLaunchersLibraryIsRefused(t *testing.T) {
	if os.Getenv(inside) != "" {
		if _, err := Start(); err != nil {
			fmt.Println("refused:", err)
			return
		}
		t.Fatal("it goes on")
	}
	all := grouptest.Launchers(t)
	if len(all) < 2 {
		t.Skip("this takes Open MPI and MPICH")
	}
	for name, other := range map[string]string{"Open MPI": "libmpich.so.12", "MPICH": "libmpi.so.40"} {
		t.Setenv(Variable, other)
		out, err := start(t, all[name], 2, "-test.run", "^TestAnotherLaunchersLibraryIsRefused$")
		if err != nil || strings.Count(out, "it belongs to another launcher") != 2 {
			t.Errorf("%s with %s: %v\n%s", name, other, err, out)
		}
	}
}
