package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/bench/live"
)

const serveUsage = "show the page of drift report while this goes on, at this `address`: :PORT on this machine alone, HOST:PORT for others too"

// serveFlag adds --serve.
func serveFlag(flags *pflag.FlagSet, address *string) {
	flags.StringVar(address, "serve", "", serveUsage)
}

// serve opens the page of a folder at the address of --serve, and says where a browser finds it. Without an address there is none.
func (a *app) serve(address, folder string) (io.Closer, error) {
	if address == "" {
		return io.NopCloser(nil), nil
	}
	if folder == "" {
		return nil, usagef("--serve shows what is kept in a folder: name one with --out")
	}
	server, err := live.Open(address, folder)
	if err != nil {
		return nil, usageError{err}
	}
	a.note("the page of " + folder + " is at " + server.URL())
	return server, nil
}

const watchLong = `watch serves the page of drift report and keeps it up to date, for runs, comparisons and
studies that are going on in other processes, until Ctrl-C. It only reads the folders: they need not be
there yet, and the runs know nothing of it. A run is shown as far as it is logged, a comparison or a
study by the runs that have ended. --serve of train, compare and study does the same within their own
process.

Only this machine is answered unless --serve names a host: with HOST:PORT whoever reaches that address
can look, without a password.`

const watchExample = `  drift watch run
  drift watch run another-run --serve :8080`

func (a *app) watchCommand() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use: "watch DIR…", Short: "Serve the page of runs, comparisons and studies that are going on", Long: watchLong, Example: watchExample,
		RunE: func(cmd *cobra.Command, paths []string) error { return a.watch(cmd.Context(), address, paths) },
	}
	cmd.Flags().StringVar(&address, "serve", ":0", "serve at this `address`: :PORT on this machine alone (:0 any free port), HOST:PORT for others too")
	return cmd
}

func (a *app) watch(ctx context.Context, address string, paths []string) error {
	if len(paths) == 0 {
		return usagef("watch needs the folders of what it shows: drift watch DIR")
	}
	server, err := live.Open(address, paths...)
	if err != nil {
		return usageError{err}
	}
	for _, path := range paths {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			a.note(path + " is not there yet: the page waits for it")
		}
	}
	fmt.Fprintf(a.human(), "The page is at %s (Ctrl-C ends it)\n", server.URL())
	if err := a.writeJSON(watched{server.URL()}); err != nil {
		return errors.Join(err, server.Close())
	}
	<-ctx.Done()
	return server.Close()
}

// watched is the result of drift watch.
type watched struct {
	URL string `json:"url"`
}
