package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"drift/bench/page"
	"drift/data/atomicfile"
)

const reportLong = `report makes one HTML page from results of drift: folders of train, compare, study, verify and
measure, and JSON files of measure. The curves of several runs are drawn into the same charts. The page
is a single file that needs no network. Charts and tables also show without scripts; with scripts,
curves can be read off, zoomed, smoothed, hidden and put on logarithmic axes, and tables sorted. A run
that is not finished is shown up to its latest step, a comparison or a study by the runs that have ended.

A run has curves of Σ and of the generalization gap where it was started with --every.`

const reportExample = `  drift report run --out run.html
  drift report run another-run out --out page.html
  drift measure --run run --sigma-top 20 --sigma-density 30 --hessian-top 10 --json m.json && drift report run m.json --out page.html`

func (a *app) reportCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "report DIR…", Short: "Make one HTML page of runs, comparisons, studies, checks and measurements", Long: reportLong, Example: reportExample,
		RunE: func(_ *cobra.Command, paths []string) error { return a.report(paths, out) },
	}
	cmd.Flags().StringVar(&out, "out", "report.html", "write the page to this `file`, in place of an older one")
	return cmd
}

// reported is the result of drift report.
type reported struct {
	Page  string `json:"page"`
	Bytes int64  `json:"bytes"`
}

func (a *app) report(paths []string, out string) error {
	if len(paths) == 0 {
		return usagef("report needs the folders of what it shows: drift report DIR --out %s", out)
	}
	if err := checkWritable("out", out, "a file"); err != nil {
		return err
	}
	results, err := page.Read(paths...)
	if err != nil {
		return err
	}
	result := reported{Page: out}
	err = atomicfile.Write(out, func(w io.Writer) (err error) {
		result.Bytes, err = results.WriteTo(w)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	fmt.Fprintf(a.human(), "The page is %s: open it in a browser\n", out)
	return a.writeJSON(result)
}
