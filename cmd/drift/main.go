// Command drift trains neural networks and measures, uses and checks the covariance of their per-example gradients.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"drift/kernels/group"
)

// Exit statuses.
const (
	statusDone   = 0
	statusFailed = 1
	statusUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals...)
	go func() { // a second Ctrl-C ends the process at once
		<-ctx.Done()
		stop()
	}()
	os.Exit(together(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit status. Errors appear as one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return runIn(ctx, nil, args, stdout, stderr)
}

// runIn is run by one of several processes, all of which end with an error where one does.
func runIn(ctx context.Context, g *group.Group, args []string, stdout, stderr io.Writer) int {
	if !g.First() {
		stdout, stderr = io.Discard, io.Discard
	}
	a := &app{told: map[string]bool{}, stdout: stdout, stderr: stderr, args: args, group: g}
	defer a.leave()
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	var unknown error // a command that is asked for help and not there, which cobra takes for one word more
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if words := cmd.Flags().Args(); cmd == root && len(words) > 0 {
			unknown = unknownCommand(root, words[0])
			return
		}
		help(cmd, args)
	})
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = unknown
	}
	if err = g.Agree(err); err == nil {
		return statusDone
	}
	fmt.Fprintln(stderr, "drift: "+oneLine(err))
	var usage usageError
	if errors.As(err, &usage) {
		return statusUsage
	}
	return statusFailed
}

// oneLine is an error as a user reads it.
func oneLine(err error) string {
	text := strings.Join(strings.FieldsFunc(worded(err), func(r rune) bool { return r == '\n' }), "; ")
	if errors.Is(err, context.Canceled) {
		return strings.ReplaceAll(text, context.Canceled.Error(), "interrupted")
	}
	return text
}

// usageError is a mistake in the command line or in the file given with --config.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf("reading the command line: "+format, args...)}
}
