package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"

	"drift/cmd/drift/internal/cmdline"
	"drift/optim/rundir"
)

// fromRun is the flag --run: the data, network, seed and weights of a run that drift train has kept.
type fromRun struct{ run string }

func (r *fromRun) flags(flags *pflag.FlagSet) {
	flags.StringVar(&r.run, "run", "", "take data, network, seed, dtype and weights from the run in this `folder`; other flags override it")
}

// adopt sets the flags of the given names as the run had them, except those of the command line, and is the file of its weights.
func (r *fromRun) adopt(flags *pflag.FlagSet, names ...string) (weights string, err error) {
	config, err := rundir.ReadConfig(r.run)
	if err != nil {
		return "", fmt.Errorf("reading the run in %s: %w", r.run, err)
	}
	settings := map[string]any{}
	if _, err := toml.Decode(config, &settings); err != nil {
		return "", fmt.Errorf("reading the run in %s: config.toml: %w", r.run, err)
	}
	if settings["optimizers"] != nil {
		return "", fmt.Errorf("reading the run in %s: it holds a comparison: name the folder of a run", r.run)
	}
	for name, value := range settings {
		if !slices.Contains(names, name) || flags.Lookup(name) == nil { // predict, for one, has no use for parts
			continue
		}
		if err := cmdline.Set(name, value, flags); err != nil {
			return "", fmt.Errorf("reading the run in %s: config.toml: %w", r.run, err)
		}
	}
	weights = filepath.Join(r.run, rundir.WeightsName)
	return weights, nil
}

// weightsOf is the file of the weights: the one given, or that of the run, whose task is adopted.
func (r *fromRun) weightsOf(given string, flags *pflag.FlagSet, names ...string) (string, error) {
	if r.run == "" {
		return given, nil
	}
	weights, err := r.adopt(flags, append(names, "data", "data-dir", "model", "names", "label-smoothing", "seed", "chunk", "recompute", "parts")...)
	if err != nil || given != "" {
		return given, err
	}
	if _, err := os.Stat(weights); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the run in %s: it has no weights yet: finish it with drift train --resume %s, or name a file with --weights", r.run, r.run)
	}
	return weights, nil
}
