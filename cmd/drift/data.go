package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/bench/report"
	"drift/cmd/drift/internal/progress"
	"drift/data"
)

// dataDir defines the flag that says where files of data sets are.
func dataDir(flags *pflag.FlagSet, to *string) {
	flags.StringVar(to, "data-dir", "", "`folder` with data files, searched before $DRIFT_DATA, the user's cache and the system's")
}

func (a *app) dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List, fetch and inspect data sets",
		Long: `data lists the data sets that --data accepts, downloads the public ones, and describes the data of a
spec. A spec is a name followed by options, with commas between: glyphs,train=1000,label-noise=0.1.`,
		Example: "  drift data list\n  drift data fetch fashion-mnist\n  drift data inspect glyphs,train=1000,label-noise=0.1",
		Args:    cobra.ArbitraryArgs,
		RunE:    subcommand,
	}
	cmd.AddCommand(a.dataListCommand(), a.dataFetchCommand(), a.dataInspectCommand(), a.dataExportCommand())
	return cmd
}

func (a *app) dataListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the data sets and the options of their specs",
		Long:    "list shows all names of data sets and the options that may follow them in a spec.",
		Example: "  drift data list\n  drift data list --json -",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			sets := &report.Table{Header: []string{"data set", "spec", "what"}, Left: 3}
			options := &report.Table{Header: []string{"option", "of", "default", "what"}, Left: 4}
			for _, o := range data.CommonOptions() {
				options.Add(o.Name, "all", o.Default, o.About)
			}
			for _, s := range data.Sources() {
				sets.Add(s.Name, s.Spec(), s.About)
				for _, o := range s.Options {
					options.Add(o.Name, s.Name, o.Default, o.About)
				}
			}
			if _, err := sets.WriteTo(a.human()); err != nil {
				return err
			}
			fmt.Fprintln(a.human())
			if _, err := options.WriteTo(a.human()); err != nil {
				return err
			}
			return a.writeJSON(map[string]any{"sets": asMaps(sets), "options": asMaps(options)})
		},
	}
}

// asMaps is a table as a list of objects, one a row.
func asMaps(t *report.Table) []map[string]string {
	var rows []map[string]string
	for _, row := range t.Rows {
		object := map[string]string{}
		for i, cell := range row {
			object[t.Header[i]] = cell
		}
		rows = append(rows, object)
	}
	return rows
}

func (a *app) dataFetchCommand() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:   "fetch NAME",
		Short: "Download a public data set, checksummed and resumable",
		Long: `fetch downloads the missing files of a data set and checks them against their published SHA-256. An
interrupted download continues where it stopped. Files are stored in --data-dir/NAME, or else in
$DRIFT_DATA/NAME, or else in the user's cache folder.`,
		Example: "  drift data fetch fashion-mnist\n  drift data fetch cifar10 --data-dir ~/data",
		Args:    oneArgument("the name of a data set (drift data list shows them)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := data.RemoteFiles(args[0]); err != nil {
				return usageError{err}
			}
			var bar *progress.Display
			file := ""
			folder, err := data.Fetch(cmd.Context(), args[0], data.FetchOptions{Dir: folder, Progress: func(p data.Progress) {
				if p.File != file {
					bar.Close()
					bar, file = a.progress(p.File, "KiB", int(p.Total>>10)), p.File
				}
				bar.Set(int(p.Done>>10), "")
			}})
			bar.Close()
			if err != nil {
				return err
			}
			fmt.Fprintf(a.human(), "%s is in %s\n", args[0], folder)
			return a.writeJSON(map[string]string{"name": args[0], "folder": folder})
		},
	}
	dataDir(cmd.Flags(), &folder)
	return cmd
}

func (a *app) dataInspectCommand() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:     "inspect SPEC",
		Short:   "Describe the data of a spec",
		Long:    "inspect loads or generates the data of a spec and shows size, classes and statistics of each part.",
		Example: "  drift data inspect glyphs,train=1000,label-noise=0.1\n  drift data inspect npz:mine.npz,test=200 --json -",
		Args:    oneArgument("a data spec, such as glyphs,train=1000"),
		RunE: func(_ *cobra.Command, args []string) error {
			split, err := data.Load(args[0], data.Options{Dir: folder, Seed: a.seed})
			if err != nil {
				return err
			}
			a.notices(split)
			parts, err := a.inMemory(split)
			if err != nil {
				return err
			}
			train, test, valid := data.Inspect(parts[0]), data.Inspect(parts[1]), data.Inspect(parts[2])
			if _, err := inspection(split, train, test, valid).WriteTo(a.human()); err != nil {
				return err
			}
			return a.writeJSON(map[string]any{"spec": args[0], "train": train, "test": test, "valid": valid,
				"redrawn_labels": split.Redrawn, "class_names": split.ClassNames, "notices": split.Notices})
		},
	}
	dataDir(cmd.Flags(), &folder)
	return cmd
}

// inspected is how many examples that stay on disk are looked at, of a part.
const inspected = 10_000

// inMemory is the parts of the data; of a part that stays on disk, only the examples that are looked at.
func (a *app) inMemory(split *data.Split) (parts []data.Set, err error) {
	for _, part := range []data.Set{split.Train, split.Test, split.Valid} {
		set, err := data.InMemory(part, inspected)
		if err != nil {
			return nil, fmt.Errorf("inspecting the data: %w", err)
		}
		if n := set.Len(); n < part.Len() {
			a.tell(fmt.Sprintf("data: the examples stay on disk: numbers are of %d of %d, evenly spread", n, part.Len()))
		}
		parts = append(parts, set)
	}
	return parts, nil
}

// notices passes on what is to be known about data.
func (a *app) notices(split *data.Split) {
	for _, line := range split.Notices {
		a.tell("data: " + line)
	}
}

// tell is a notice that is given once, though the data be read for every seed.
func (a *app) tell(line string) {
	if !a.told[line] {
		a.told[line] = true
		a.notice(line)
	}
}

// inspection shows the parts side by side, the validation part where there is one.
func inspection(split *data.Split, train, test, valid data.Summary) *report.Table {
	t, parts := &report.Table{Header: []string{"", "train", "test"}, Left: 1}, []data.Summary{train, test}
	if valid.Examples > 0 {
		t.Header, parts = append(t.Header, "valid"), append(parts, valid)
	}
	each := func(what string, show func(data.Summary) string) {
		row := []string{what}
		for _, s := range parts {
			row = append(row, show(s))
		}
		t.Add(row...)
	}
	number := func(what string, of func(data.Summary) float64) {
		each(what, func(s data.Summary) string {
			if s.Examples == 0 {
				return "–"
			}
			return report.Format(of(s))
		})
	}
	each("examples", func(s data.Summary) string { return report.Format(float64(s.Examples)) })
	each("shape", func(s data.Summary) string {
		return cmp.Or(strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Shape), " ", "×"), "[]"), "–")
	})
	number("mean", func(s data.Summary) float64 { return s.Mean })
	number("standard deviation", func(s data.Summary) float64 { return s.Std })
	number("least", func(s data.Summary) float64 { return s.Min })
	number("largest", func(s data.Summary) float64 { return s.Max })
	if train.Classes == 0 {
		number("outputs", func(s data.Summary) float64 { return float64(s.Outputs) })
		number("mean of targets", func(s data.Summary) float64 { return s.TargetMean })
		number("their standard deviation", func(s data.Summary) float64 { return s.TargetStd })
		return t
	}
	number("classes", func(s data.Summary) float64 { return float64(s.Classes) })
	each("examples a class", func(s data.Summary) string { return rangeOf(s.Counts) })
	if names := split.ClassNames; len(names) > 0 {
		t.Add(append([]string{"their names", shortList(names, 10)}, make([]string, len(parts)-1)...)...)
	}
	t.Add(append([]string{"redrawn labels", report.Format(float64(split.Redrawn))}, slices.Repeat([]string{"0"}, len(parts)-1)...)...)
	return t
}

// shortList is the first few names, quoted where they would not show.
func shortList(names []string, few int) string {
	var shown []string
	for _, name := range names[:min(len(names), few)] {
		if strings.TrimSpace(name) != name || name == "" || name == "," || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsGraphic(c) }) {
			name = strconv.Quote(name)
		}
		shown = append(shown, name)
	}
	if len(names) > few {
		shown = append(shown, "…")
	}
	return strings.Join(shown, ", ")
}

// rangeOf is "90 to 110" for counts between those.
func rangeOf(counts []int) string {
	if len(counts) == 0 {
		return "–"
	}
	low, high := counts[0], counts[0]
	for _, n := range counts {
		low, high = min(low, n), max(high, n)
	}
	if low == high {
		return report.Format(float64(low))
	}
	return report.Format(float64(low)) + " to " + report.Format(float64(high))
}

// oneArgument wants exactly one word behind the command.
func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usagef("%s needs %s", cmd.CommandPath(), what)
		case len(args) > 1:
			return usagef("%s takes one argument, got %q too: quote it, or see %s --help", cmd.CommandPath(), args[1], cmd.CommandPath())
		}
		return nil
	}
}
