package cpu

import (
	"math"
	"os"
	"path/filepath"
	"testing"
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
