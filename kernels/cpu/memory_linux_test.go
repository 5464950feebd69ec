package cpu

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"drift/kernels"
)

// The caches of files that a container has filled are free: they count as used, but give way.
func TestMemoryUnderALimit(t *testing.T) {
	for _, c := range []struct {
		group             controlGroup
		limit, used, stat string
		want              int64
	}{
		{unified, "1000\n", "900\n", "anon 100\nfile 800\ninactive_file 500\nactive_file 200\n", 800},
		{unified, "1000\n", "900\n", "", 100},
		{unified, "1000\n", "1100\n", "inactive_file 0\n", 0},
		{unified, "max\n", "900\n", "inactive_file 500\n", math.MaxInt64},
		{legacy, "1000\n", "900\n", "inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 400\n", 800},
		{legacy, "", "900\n", "", math.MaxInt64},
	} {
		folder := t.TempDir()
		for name, text := range map[string]string{c.group.limit: c.limit, c.group.used: c.used, "memory.stat": c.stat} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.group.free(folder); got != c.want {
			t.Errorf("%d bytes free of %q with %q used, %q; want %d", got, c.limit, c.used, c.stat, c.want)
		}
	}
	if new(device).FreeBytes() <= 0 {
		t.Error("this machine has no memory")
	}
}

// Under a limit on addresses a buffer that does not fit is refused, and does not end the process; one that was given back makes room.
func TestMemoryUnderALimitOnAddresses(t *testing.T) {
	if os.Getenv("DRIFT_TEST_LIMITED") == "" {
		command := exec.Command("sh", "-c", `ulimit -v 4000000 && exec "$0" "$@"`, os.Args[0], "-test.run", "^TestMemoryUnderALimitOnAddresses$", "-test.v")
		command.Env = append(os.Environ(), "DRIFT_TEST_LIMITED=1")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	dev := New(Options{Threads: 1})
	defer dev.Close()
	const size = 1 << 27 // 512 MiB of float32
	if free := dev.FreeBytes(); free <= 0 || free > 4000000<<10 {
		t.Fatalf("%d bytes are free under the limit", free)
	}
	var held []kernels.Buffer
	for range 16 {
		b, err := dev.NewBuffer(kernels.Float32, size)
		if err != nil {
			break
		}
		held = append(held, b)
	}
	if len(held) == 0 || len(held) == 16 {
		t.Fatalf("%d buffers of half a GiB under a limit of 4 GB", len(held))
	}
	held[0].Free()
	if _, err := dev.NewBuffer(kernels.Float32, size); err != nil {
		t.Errorf("a buffer in the place of one that was given back: %v", err)
	}
}
