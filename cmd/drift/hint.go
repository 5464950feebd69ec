package main

import (
	"errors"
	"fmt"
	"strings"

	"drift/cmd/drift/internal/cmdline"
	"drift/data"
	"drift/graph/nn"
	"drift/graph/weights"
	"drift/kernels/cuda"
	"drift/optim/options"
	"drift/optim/train"
)

// worded is an error's text in the words of the command line: flags where the library names options, and what to do about a run
// that diverged.
func worded(err error) string {
	text := err.Error()
	var unfit options.Unfit
	if errors.As(err, &unfit) {
		var flags []string
		for _, option := range unfit.Change {
			flags = append(flags, "--"+cmdline.Flag(option))
		}
		text = strings.Replace(text, unfit.Error(), unfit.What+": change "+strings.Join(flags, " or "), 1)
	}
	var wrong options.Error
	if errors.As(err, &wrong) {
		text = strings.Replace(text, wrong.Error(), fmt.Sprintf("--%s: got %q: give %s", cmdline.Flag(wrong.Option), wrong.Value, wrong.Want), 1)
	}
	var mismatch *weights.Mismatch
	if errors.As(err, &mismatch) && len(mismatch.Pairs) > 0 {
		text += ": put those that are right, a line each, in a TOML file for --names"
	}
	var misshapen weights.Misshapen
	if errors.As(err, &misshapen) {
		text += ": name the network of the file with --model"
	}
	if errors.Is(err, nn.ErrNeedsData) {
		text += ": add --data SPEC"
	}
	var missing data.NotFound
	if errors.As(err, &missing) {
		text += ": drift data fetch " + missing.Name + " downloads it"
	}
	var stopped train.Interruption
	if errors.As(err, &stopped) && stopped.Dir != "" {
		text += ": go on with drift train --resume " + stopped.Dir
	} else if errors.As(err, &stopped) {
		text += ": nothing is kept without --out"
	}
	var lost *cuda.Lost
	if errors.As(err, &lost) {
		text += ": --resume does"
	}
	if errors.Is(err, train.ErrNotFinite) {
		text += ": lower --lr, add --clip or --warmup, or scale the data with normalize=on"
	}
	return text
}
