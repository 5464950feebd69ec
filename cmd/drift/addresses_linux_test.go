//go:build !cgo

// With cgo, the C library's threads take addresses before main begins, and Go may end with a trace of its own at any limit below the least.

package main

import (
	"os/exec"
	"strings"
	"testing"
)

// A limit on addresses that leaves no room to work in is one line at the start, and not a trace of Go's at some moment.
func TestALimitOnAddressesIsOneLine(t *testing.T) {
	for limit, says := range map[string]string{"1000000": "limited to 1.02 GB, it takes 1.50 GB at least: raise the limit", "4000000": ""} {
		command := child("train", "--data", "glyphs,train=30,test=10,size=8", "--model", "mlp:4", "--steps", "1", "--threads", "1", "--quiet")
		limited := exec.Command("sh", append([]string{"-c", "ulimit -v " + limit + ` && exec "$0" "$@"`}, command.Args...)...)
		limited.Env = command.Env
		out, err := limited.CombinedOutput()
		said := string(out)
		if (err != nil) != (says != "") || says != "" && (strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "drift: ") || !strings.Contains(said, says)) || says == "" && said != "" {
			t.Errorf("ulimit -v %s: %v, %q; want one line with %q", limit, err, said, says)
		}
	}
}
