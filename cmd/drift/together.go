package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drift/data"
	"drift/graph/objective"
	"drift/kernels/group"
	"drift/kernels/group/mpi"
)

// inGroups are the commands that several processes can do together.
var inGroups = []string{"train", "compare", "verify", "measure", "eval"}

// together executes one command line as one of the processes that a launcher has started, or as the only one. The first of them prints and
// writes; the others compute with it, and write what they would to a folder of their own that is thrown away.
func together(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if err := addresses(); err != nil {
		if mpi.Place() > 0 {
			time.Sleep(time.Second) // one line is enough where all are limited
		}
		fmt.Fprintln(stderr, "drift: "+oneLine(err))
		return statusFailed
	}
	g, err := mpi.Start()
	if err != nil {
		var refused mpi.Refused
		if errors.As(err, &refused) && refused.Rank > 0 {
			time.Sleep(time.Second) // a launcher ends the others with the first that ends, and one has to tell
			return statusUsage
		}
		fmt.Fprintln(stderr, "drift: "+oneLine(err))
		return statusUsage
	}
	status := runIn(ctx, g, args, stdout, stderr)
	if err := g.Close(); err != nil {
		if g.First() && status == statusDone || !g.First() && first(ctx, g) { // the first process has told what its status is from
			fmt.Fprintf(stderr, "drift: process %d: %s\n", g.Rank(), oneLine(err))
		}
		time.Sleep(300 * time.Millisecond) // a launcher that ends processes drops what it has not passed on yet
		g.Abort(max(status, statusFailed))
	}
	return status
}

// first reports whether no other process has told what is wrong, which several may find out at once, and ended this one.
func first(ctx context.Context, g *group.Group) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(min(g.Rank(), 10)) * time.Second):
		return true
	}
}

// join finds out that all processes are to do the same, and makes one that is not the first write elsewhere.
func (a *app) join(cmd *cobra.Command) error {
	if a.group.Size() == 1 {
		return nil
	}
	if !slices.Contains(inGroups, cmd.Name()) || cmd.Parent() == nil || cmd.Parent().HasParent() {
		return usagef("%s runs in one process, and %d were started: start it without a launcher, or choose %s",
			cmd.CommandPath(), a.group.Size(), strings.Join(inGroups, ", "))
	}
	program, err := digest()
	if err != nil {
		return fmt.Errorf("reading this program: %w", err)
	}
	if err := a.group.Same("program, another build of drift,", program); err != nil {
		return err
	}
	if err := a.group.Same("command line", []byte(strings.Join(a.args, "\x00"))); err != nil {
		return err
	}
	if a.group.First() {
		a.tellBinding()
		return nil
	}
	a.quiet = true
	if a.json != "" {
		a.json = "result.json"
	}
	return a.aside(&a.json)
}

// digest is a checksum of the running program.
func digest() ([]byte, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return sum.Sum(nil), err
}

// replica is a folder with what the first process has in the one at path, for the others to work in: they need not see its files. The first
// works in the folder itself.
func (a *app) replica(path string) (string, error) {
	if a.group.Size() == 1 || path == "" {
		return path, nil
	}
	var packed bytes.Buffer
	if a.group.First() {
		if err := pack(&packed, path); err != nil {
			return "", fmt.Errorf("reading the folder %s: %w", path, err)
		}
	}
	all, err := a.group.Broadcast(packed.Bytes())
	if err != nil || a.group.First() {
		return path, err
	}
	own := path
	if err := a.aside(&own); err != nil {
		return "", err
	}
	if err := unpack(all, own); err != nil {
		return "", fmt.Errorf("copying the folder %s: %w", path, err)
	}
	return own, nil
}

// pack writes the folder at path, which need not be there, as a tar file.
func pack(to io.Writer, path string) error {
	w := tar.NewWriter(to)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if err := w.AddFS(os.DirFS(path)); err != nil {
			return err
		}
	}
	return w.Close()
}

// unpack makes a folder of a tar file. What would lie outside it is refused.
func unpack(packed []byte, path string) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(bytes.NewReader(packed)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.FileInfo().IsDir() {
			err = root.MkdirAll(filepath.Clean(h.Name), 0o777)
		} else if h.FileInfo().Mode().IsRegular() {
			var text []byte
			if text, err = io.ReadAll(r); err == nil {
				err = root.WriteFile(filepath.Clean(h.Name), text, 0o666)
			}
		}
		if err != nil {
			return err
		}
	}
}

// division adds the parts of a pass and the processes that share them to the options of an objective.
func (k *task) division(a *app, o objective.Options) (objective.Options, error) {
	o.Parts, o.Group = k.parts, a.group
	if n := a.group.Size(); n > max(1, k.parts) {
		return o, usagef("--parts %d: %d processes share the parts of a pass: give --parts %d or more", k.parts, n, n)
	}
	return o, nil
}

// sameTask refuses processes that have read other data or begin at other weights.
func (p *problem) sameTask(a *app) error {
	if a.group.Size() == 1 {
		return nil
	}
	sum := data.Checksum(p.Data(objective.Train), p.Data(objective.Test), p.Data(objective.Valid))
	if err := a.group.Same("data", []byte(sum)); err != nil {
		return err
	}
	return p.SameParameters()
}

// shareOf is the number of threads of a process where others compute on the same machine: those it is bound to, or its share.
func shareOf(g *group.Group) int {
	if g.Size() == 1 {
		return 0
	}
	here, all := runtime.NumCPU(), online()
	if here < all { // the launcher has given each its own
		return here
	}
	return max(1, all/mpi.Local())
}

// tellBinding tells where the launcher has bound processes to fewer processors than there are for them.
func (a *app) tellBinding() {
	here, all := runtime.NumCPU(), online()
	if here*mpi.Local() < all {
		a.note(fmt.Sprintf("the launcher has bound each of %d processes here to %d of %d processors: mpirun --bind-to none frees them", mpi.Local(), here, all))
	}
}

// online is the number of processors of this machine.
func online() int {
	text, err := os.ReadFile("/sys/devices/system/cpu/online") // as 0-3,8-11
	if err != nil {
		return runtime.NumCPU()
	}
	sum := 0
	for _, span := range strings.Split(strings.TrimSpace(string(text)), ",") {
		var from, to int
		if n, _ := fmt.Sscanf(span, "%d-%d", &from, &to); n == 1 {
			to = from
		}
		sum += to - from + 1
	}
	return max(sum, runtime.NumCPU())
}
