//go:build unix

package peers

import (
	"os/exec"
	"syscall"
)

// setGroup gives the process a group of its own: an interrupt from the terminal ends us, who then end it, and should we die while
// it is stopped the system wakes and ends it, as it does with a stopped group that has no parent left.
func setGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// suspend stops all threads of the process, so that those which wait in a loop take no time from ours.
func (c *child) suspend() { c.signal(syscall.SIGSTOP) }

func (c *child) resume() { c.signal(syscall.SIGCONT) }

func (c *child) end() { c.signal(syscall.SIGKILL) }

// signal goes to the whole group: an interpreter may be started through a script.
func (c *child) signal(s syscall.Signal) { _ = syscall.Kill(-c.cmd.Process.Pid, s) }
