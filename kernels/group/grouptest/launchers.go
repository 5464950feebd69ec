package grouptest

import (
	"os/exec"
	"testing"
)

// Launchers are the installed launchers of MPI, with what they take to start more processes than there are cores, as root. The test is skipped
// where there is none.
func Launchers(t testing.TB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for name, command := range map[string][]string{
		"Open MPI": {"mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"}, "MPICH": {"mpiexec.hydra"},
	} {
		if _, err := exec.LookPath(command[0]); err == nil {
			all[name] = command
		}
	}
	if len(all) == 0 {
		t.Skip("neither mpirun.openmpi nor mpiexec.hydra is installed (Debian: openmpi-bin, mpich)")
	}
	return all
}
