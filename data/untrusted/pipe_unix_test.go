//go:build unix

package untrusted

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe to which nobody writes would keep its reader waiting.
func TestRefusesPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if _, _, err := Open(pipe); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Error(err)
	}
}
