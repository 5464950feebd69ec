package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"drift/bench/compare"
	"drift/cmd/drift/internal/machine"
	"drift/kernels/cuda"
)

// experiment is everything needed to run a comparison again.
type experiment struct {
	Command string               `json:"command"`
	Config  map[string]any       `json:"config"`
	Version string               `json:"version"`
	Device  string               `json:"device"`
	Machine machine.ComputedWith `json:"machine"`
	Tuning  []compare.Trial      `json:"tuning"` // null without
	// Finished is there while the comparison goes on.
	Finished *finishedRuns `json:"finished,omitempty"`
}

type finishedRuns struct {
	Runs int `json:"runs"`
	Of   int `json:"of"`
}

// comparisonResult is compare.json.
type comparisonResult struct {
	Rows        []compare.Row        `json:"rows"`
	SecondOrder *compare.SecondOrder `json:"second_order"` // null where it does not apply
	Experiment  experiment           `json:"experiment"`
}

// about is the experiment before it begins.
func (c *comparison) about(flags *pflag.FlagSet) (experiment, error) {
	config, err := c.config(flags)
	return experiment{Command: "compare", Config: config, Version: machine.Version(), Device: c.device,
		Machine: machine.Using(machine.Resolve(c.device, cuda.Probe()), c.threads)}, err
}

func (e experiment) result(o *compare.Outcome) comparisonResult {
	e.Tuning = o.Trials
	return comparisonResult{o.Rows, o.SecondOrder, e}
}

// soFar writes what is finished in the form of the results, for pages that are looked at while the comparison goes on.
func (c *comparison) soFar(about experiment) func(*compare.Outcome, int) error {
	return func(o *compare.Outcome, runs int) error {
		result := about.result(o)
		result.Experiment.Finished = &finishedRuns{runs, len(c.optimizers) * c.seeds}
		folder := filepath.Join(c.out, compare.SoFarFolder)
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return fmt.Errorf("writing the results so far: %w", err)
		}
		return writeFiles(folder, c.laterOn(), map[string]func(io.Writer) error{
			"compare.json": func(w io.Writer) error { return encodeJSON(w, result) },
			"curves.csv":   o.Curves().WriteCSV,
		})
	}
}

// laterOn is what to do about results that cannot be written: the runs that they are made of are kept.
func (c *comparison) laterOn() string { return "make room, and go on with --resume " + c.out }

// deliver writes the files before it shows the tables, which a closed pipe may end, and shows them whether or not a disk is full.
func (c *comparison) deliver(about experiment, outcome *compare.Outcome) error {
	result := about.result(outcome)
	written := writeFiles(c.out, c.laterOn(), map[string]func(io.Writer) error{
		"compare.json": func(w io.Writer) error { return encodeJSON(w, result) },
		"compare.csv":  outcome.Summary().WriteCSV,
		"runs.csv":     outcome.Runs().WriteCSV,
		"curves.csv":   outcome.Curves().WriteCSV,
		"compare.png":  outcome.Figure().WritePNG,
		"config.toml":  func(w io.Writer) error { return encodeTOML(w, about.Config) },
	})
	if written == nil {
		written = c.kept.Remove()
	}
	if err := errors.Join(c.show(outcome), written); err != nil {
		return err
	}
	c.tellFolder("Curves, runs and settings", c.out)
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
	c.showExpansion(outcome.SecondOrder)
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

// trusted is how far apart two expansions that differ in fourth order may be where either tells something.
const trusted = 0.15

// Bounds beyond which an expansion fails, as experiments show: bench/results/second-order.md.
const (
	mostCurvature = 0.5   // η λ_max/(1−μ)
	mostCrossed   = 0.005 // share of kinks crossed in an update
)

// showExpansion prints how much of what separates SGD from GD the theory explains to second order in the noise, and how far to trust it.
func (c *comparison) showExpansion(s *compare.SecondOrder) {
	if s == nil {
		return
	}
	fmt.Fprintf(c.human(), "\nAt the start η λ_max/(1−μ) = %.2g", float64(s.Validity.Curvature))
	if crossed := float64(s.Validity.Crossed); !math.IsNaN(crossed) {
		fmt.Fprintf(c.human(), ", and an update takes %.2g %% of units to the other side of their kink", 100*crossed)
	}
	fmt.Fprintln(c.human(), ".")
	if v := s.Validity; v.Curvature > mostCurvature {
		fmt.Fprintf(c.human(), "Above %.1f an expansion in the noise fails: do not trust the shares below; a lower --lr makes it hold.\n", mostCurvature)
	} else if v.Crossed > mostCrossed {
		fmt.Fprintln(c.human(), "No derivative knows of kinks, so that the shares below stay low at any rate: a smooth activation, such as softplus or silu, raises them.")
	}
	fmt.Fprintf(c.human(), "Of what separates SGD from GD over an epoch, to second order in the noise: drift explains %s, diffusion %s, both %s;\n"+
		"both around SGD's own mean instead of GD's path %s.\n", s.Drift, s.Diffusion, s.Both, s.AroundMean)
	fmt.Fprintf(c.human(), "What both leave around GD's path, as shares of the distance: terms of odd order in the noise (third and up) %s, of even order (fourth and up) %s.\n",
		s.LeftOdd, s.LeftEven)
	if s.Kinks != nil {
		fmt.Fprintf(c.human(), "Crossed kinks contribute %s of the distance; of what SGD does with every unit held on its side along GD's path, drift and diffusion explain %s.\n",
			s.Kinks, s.HeldBoth)
	}
	if s.Unresolved() {
		fmt.Fprintf(c.human(), "Not resolved: from %d pairs of shuffles a seed what is left is shorter than its noise; more --paths tell it. The bound is that of a 95 %% interval.\n", s.Pairs)
	}
	if both, around := float64(s.StandardErrors.Both), float64(s.StandardErrors.AroundMean); !math.IsNaN(both + around) {
		fmt.Fprintf(c.human(), "Standard errors of one seed's shares of both, around GD's path and around SGD's mean, from %d pairs of shuffles: %.2g and %.2g; 0.01 takes %.0f and %.0f.\n",
			s.Pairs, both, around, pairsFor(s.Pairs, both), pairsFor(s.Pairs, around))
	}
	if p := s.Precision; p.Expanded > 0 && p.Simulated > 0 {
		fmt.Fprintf(c.human(), "To a tenth of its length the expansion as a vector takes %d pairs of shuffles, and SGD's mean %d simulated ones (--pairs), each of which costs far less.\n",
			p.Expanded, p.Simulated)
	}
	if math.Abs(s.Both.Mean-s.AroundMean.Mean) > trusted {
		fmt.Fprintln(c.human(), "These two differ in fourth order alone: the noise is too strong here for an expansion. A lower --lr or a larger --batch makes it hold.")
	}
}

// pairsFor is how many pairs of shuffles have a standard error of 0.01 where some have another.
func pairsFor(pairs int, deviation float64) float64 {
	return math.Ceil(float64(pairs) * deviation * deviation / 1e-4)
}
