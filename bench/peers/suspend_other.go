//go:build !unix

package peers

import (
	"os/exec"
	"time"
)

func setGroup(*exec.Cmd) {}

// suspend waits until the threads of the process that wait in a loop have gone to sleep.
func (c *child) suspend() { time.Sleep(60 * time.Millisecond) }

func (c *child) resume() {}

func (c *child) end() { _ = c.cmd.Process.Kill() }
