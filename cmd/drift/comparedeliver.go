package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"drift/bench/compare"
)

// experiment is everything needed to run a comparison again.
type experiment struct {
	Command string          `json:"command"`
	Config  map[string]any  `json:"config"`
	Version string          `json:"version"`
	Device  string          `json:"device"`
	Tuning  []compare.Trial `json:"tuning"` // null without
}

// deliver writes the files before it shows the tables, which a closed pipe may end, and shows them whether or not a disk is full.
func (c *comparison) deliver(flags *pflag.FlagSet, outcome *compare.Outcome) error {
	config, err := c.config(flags)
	if err != nil {
		return err
	}
	result := struct {
		Rows       []compare.Row `json:"rows"`
		Experiment experiment    `json:"experiment"`
	}{outcome.Rows, experiment{"compare", config, version(), c.device, outcome.Trials}}
	written := writeFiles(c.out, map[string]func(io.Writer) error{
		"compare.json": func(w io.Writer) error { return encodeJSON(w, result) },
		"compare.csv":  outcome.Summary().WriteCSV,
		"runs.csv":     outcome.Runs().WriteCSV,
		"compare.png":  outcome.Figure().WritePNG,
		"config.toml":  func(w io.Writer) error { return encodeTOML(w, config) },
	})
	if written == nil {
		written = c.kept.Remove()
	}
	if err := errors.Join(c.show(outcome), written); err != nil {
		return err
	}
	fmt.Fprintf(c.human(), "Curves, runs and settings are in %s\n", c.out)
	return c.writeJSON(result)
}

// show prints what the trials chose, the comparison and the paired differences.
func (c *comparison) show(outcome *compare.Outcome) error {
	w := c.human()
	if len(outcome.Trials) > 0 {
		fmt.Fprintf(w, "Best of %d trials each, by the loss on a fifth of the training examples held out:\n", c.trials)
		chosen, atTheEnd := outcome.Chosen()
		if _, err := chosen.WriteTo(w); err != nil {
			return err
		}
		if len(atTheEnd) > 0 {
			fmt.Fprintf(w, "%s: the best learning rate is an outermost of those tried: shift --lr, or tune longer.\n", strings.Join(atTheEnd, ", "))
		}
		fmt.Fprintln(w)
	}
	if _, err := outcome.Table().WriteTo(w); err != nil {
		return err
	}
	for _, row := range outcome.Rows {
		if len(row.Diverged) > 0 {
			seeds := strings.Trim(strings.ReplaceAll(fmt.Sprint(row.Diverged), " ", ", "), "[]")
			fmt.Fprintf(w, "%s diverged on seeds %s: give it a lower --lr, or --clip or --warmup.\n", row.Optimizer, seeds)
		}
	}
	if c.seeds == 1 {
		_, err := fmt.Fprintln(w, "\nOne seed: --seeds 5 would show how much is chance.")
		return err
	}
	if reference, paired := outcome.Paired(); len(paired.Rows) > 0 {
		fmt.Fprintf(w, "\nDifferences from %s, seed by seed:\n", reference)
		if _, err := paired.WriteTo(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%d seeds, mean ± 95 %% CI.\n", c.seeds)
	return err
}
