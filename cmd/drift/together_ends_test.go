//go:build mpi && linux

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"drift/kernels/group/grouptest"
)

// many is processes of a launcher that a test does something to.
type many struct {
	*exec.Cmd
	t     *testing.T
	said  bytes.Buffer
	ended chan error
}

func begin(t *testing.T, cmd *exec.Cmd) *many {
	t.Helper()
	m := &many{Cmd: cmd, t: t, ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = &m.said, &m.said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { m.ended <- cmd.Wait() }()
	return m
}

// waits until something is so, or the processes have ended.
func (m *many) waits(until func() bool) {
	m.t.Helper()
	for deadline := time.Now().Add(time.Minute); !until(); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-m.ended:
			m.ended <- err
			return
		default:
		}
		if time.Now().After(deadline) {
			m.Process.Kill()
			m.t.Fatal("it did not begin")
		}
	}
}

// end waits for the processes to end, for so long at most, and returns how they did and what they said.
func (m *many) end(most time.Duration) (string, error) {
	m.t.Helper()
	begin := time.Now()
	select {
	case err := <-m.ended:
		if took := time.Since(begin); took > most {
			m.t.Errorf("they took %v to end", took)
		}
		return m.said.String(), err
	case <-time.After(time.Minute):
		m.Process.Kill()
		m.t.Fatal("they go on")
	}
	return "", nil
}

// processes are the numbers of those that compute a run, by rank.
func processes(out string) map[int]int {
	all, _ := exec.Command("pgrep", "-f", "^"+regexp.QuoteMeta(os.Args[0])+" train .*"+regexp.QuoteMeta(out)+"$").Output() // none: status 1
	ranks := map[int]int{}
	for _, number := range strings.Fields(string(all)) {
		var n, rank int
		fmt.Sscan(number, &n)
		environment, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", n))
		for variable := range strings.SplitSeq(string(environment), "\x00") {
			for _, name := range []string{"OMPI_COMM_WORLD_RANK=%d", "PMI_RANK=%d"} {
				if k, _ := fmt.Sscanf(variable, name, &rank); k == 1 {
					ranks[rank] = n
				}
			}
		}
	}
	return ranks
}

// signalTo sends a signal to the process of this rank, where it has not ended before.
func signalTo(out string, rank int, signal syscall.Signal) {
	if number := processes(out)[rank]; number > 0 && signal != 0 {
		syscall.Kill(number, signal)
	}
}

// written is when a run's last checkpoint was.
func written(out string) time.Time {
	info, err := os.Stat(filepath.Join(out, "checkpoint", "state.safetensors"))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// A run whose processes are killed at any moments goes on in another number of them, under another MPI, and comes to the same bits.
func TestTogetherKilledRunsGoOnInOtherNumbers(t *testing.T) {
	launchers, folder := grouptest.Launchers(t), t.TempDir()
	names := []string{}
	for name := range launchers {
		names = append(names, name)
	}
	slices.Sort(names)
	text := filepath.Join(folder, "verse.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("the sun and the moon, the moon and the tide. ", 9)), 0o666); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2, 2))
	glyphs := "--data glyphs,train=60,test=40,size=8 "
	for i, flags := range []string{
		glyphs + "--model mlp:12,act=tanh --optimizer sgd --batch 15 --steps 1500",
		glyphs + `--model {"layers":[{"conv2d":{"out":3,"kernel":3}},"tanh","flatten",{"linear":{"out":10}}]} --optimizer gd-reg --emulate-batch 10 --steps 600`,
		"--model gpt:1,2,8 --data text:" + text + ",context=8 --optimizer adamw --batch 8 --lr 0.01 --steps 500",
	} {
		args := strings.Fields("train " + flags + " --parts 4 --threads 1 --quiet --log-every 50 --checkpoint-every 20 --out")
		whole, out := filepath.Join(folder, fmt.Sprint(i, "whole")), filepath.Join(folder, fmt.Sprint(i, "killed"))
		began := time.Now()
		if said, err := finish(t, child(append(args, whole)...)); err != nil {
			t.Fatal(said)
		}
		took, kills := time.Since(began), 0
		for turn := 0; ; turn++ {
			line := append(args, out)
			if _, err := os.Stat(filepath.Join(out, "config.toml")); err == nil {
				line = []string{"train", "--quiet", "--resume", out}
			}
			n := []int{2, 4, 1}[turn%3]
			cmd := child(line...)
			if n > 1 {
				cmd = started(launchers[names[r.IntN(len(names))]], n, "", line...)
			}
			m := begin(t, cmd)
			if turn < 9 {
				begun := func() bool { return n == 1 || len(processes(out)) == n }
				if turn%2 == 1 { // not before it has come further
					since := written(out)
					begun = func() bool { return written(out).After(since) }
				}
				m.waits(begun)
				time.Sleep(time.Duration(r.Int64N(int64(took / 4))))
				if n > 1 {
					signalTo(out, r.IntN(n), syscall.SIGKILL)
				} else {
					m.Process.Kill()
				}
			}
			said, err := m.end(time.Minute)
			if err == nil || strings.Contains(said, "it is finished") { // killed between its end and its exit
				break
			}
			if kills++; turn >= 9 {
				t.Fatalf("%s: %v, %s", flags, err, said)
			}
		}
		if kills < 2 {
			t.Errorf("%s: killed %d times only", flags, kills)
		}
		if left(t, out) != left(t, whole) {
			t.Errorf("%s: a run that was killed %d times comes to other weights or another log", flags, kills)
		}
	}
}

// ours are the lines of drift in what processes and their launcher have said.
func ours(said string) (lines []string) {
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "drift: ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// full mounts a file system of half a megabyte.
func full(t *testing.T, path string) error {
	if err := syscall.Mount("drift", path, "tmpfs", 0, "size=512k"); err != nil {
		return fmt.Errorf("mounting a small file system: %w", err)
	}
	t.Cleanup(func() { syscall.Unmount(path, syscall.MNT_DETACH) })
	return nil
}

// Whatever happens to one process ends all of them within seconds, with one line, which names it where it cannot speak itself.
func TestTogetherEndsWithOneLine(t *testing.T) {
	const launched = -1 // the launcher
	rank := "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}"
	for name, launcher := range grouptest.Launchers(t) {
		for _, c := range []struct {
			what   string
			before string // in the shell that becomes a process
			rank   int
			signal syscall.Signal
			says   string // in one line of all that is said
			flags  string
			most   time.Duration
		}{
			{"killed", "", 1, syscall.SIGKILL, "process (rank )?1 ", "", 5 * time.Second},
			{"first killed", "", 0, syscall.SIGKILL, "process (rank )?0 ", "", 5 * time.Second},
			{"Ctrl-C", "", launched, syscall.SIGINT, "^drift: .*interrupted", "", 5 * time.Second},
			{"interrupted", "", 1, syscall.SIGTERM, "^drift: .*interrupted", "", 5 * time.Second},
			{"stopped", "export DRIFT_MPI_TIMEOUT=2;", 1, syscall.SIGSTOP, "^drift: .*does not answer for 2s .stopped: process 1.", "", 10 * time.Second},
			{"first stopped", "export DRIFT_MPI_TIMEOUT=2;", 0, syscall.SIGSTOP, "^drift: process 1: .*does not answer for 2s .stopped: process 0.", "", 10 * time.Second},
			{"without memory", "[ " + rank + " = 0 ] || ulimit -v 2200000;", 1, 0, "^drift: process 1: .*GB are free", "--model mlp:20000,2000", 20 * time.Second},
			{"without room", "", 1, 0, "^drift: .*no space left on device", "--model mlp:2000", 20 * time.Second},
			{"impatient", "export DRIFT_MPI_TIMEOUT=soon;", 1, 0, `^drift: DRIFT_MPI_TIMEOUT is "soon": give whole seconds`, "", 20 * time.Second},
		} {
			attempt := func() (wrong string) {
				out := filepath.Join(t.TempDir(), "run")
				if c.what == "without room" {
					if err := full(t, filepath.Dir(out)); err != nil {
						t.Logf("a disk without room is not tested: %v", err)
						return ""
					}
				}
				line := "train --data glyphs,train=60,test=40,size=8 --steps 100000000 --checkpoint-every 5 --parts 2 --threads 1 --quiet " +
					cmp.Or(c.flags, "--model mlp:12") + " --out " + out
				m := begin(t, started(launcher, 2, "sh", "-c", c.before+" exec "+os.Args[0]+" "+line))
				if c.signal != 0 {
					m.waits(func() bool {
						_, err := os.Stat(filepath.Join(out, "checkpoint", "state.safetensors"))
						return err == nil
					})
				}
				if c.rank == launched {
					m.Process.Signal(c.signal)
				} else {
					signalTo(out, c.rank, c.signal)
				}
				said, err := m.end(c.most)
				named := regexp.MustCompile("(?m)"+c.says).FindAllString(said, -1)
				if err == nil && c.rank != launched || len(named) != 1 || len(ours(said)) > 1 {
					return fmt.Sprintf("%s: %s: %v, want one line with %s\n%s", name, c.what, err, c.says, said)
				}
				return ""
			}
			wrong := attempt()
			if wrong != "" && c.signal == syscall.SIGKILL {
				t.Logf("once more, as the launcher may have ended the other process before the system had done with the killed one: %s", wrong)
				wrong = attempt()
			}
			if wrong != "" {
				t.Error(wrong)
			}
		}
	}
}
