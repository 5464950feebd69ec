package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"

	"drift/cmd/drift/internal/cmdline"
	"drift/cmd/drift/internal/machine"
	"drift/graph/objective"
	"drift/kernels/cuda"
)

// notKept are the flags that say where a run's results go or how it is started, not what it is.
var notKept = []string{"config", "force", "help", "json", "quiet", "out", "resume", "run", "serve", "tensorboard", "shard"}

// runSettings is every flag of the command with its value, so that --config runs it again from anywhere. Files are named by
// their full paths, and a network described by a file stands in it. overrides replace values; nil removes one.
func runSettings(flags *pflag.FlagSet, model objective.Model, overrides map[string]any) (map[string]any, error) {
	settings := map[string]any{}
	flags.VisitAll(func(f *pflag.Flag) {
		if value := setting(f.Value); !slices.Contains(notKept, f.Name) && value != "" { // "": nothing is given, and no default is common to all
			settings[f.Name] = value
		}
	})
	for _, name := range []string{"data-dir", "init", "names", "weights"} {
		if path, _ := settings[name].(string); path != "" {
			settings[name] = fullPath(path)
		}
	}
	for _, flag := range []string{"data", "model"} {
		spec, _ := settings[flag].(string)
		name, rest, _ := strings.Cut(spec, ":")
		path, _, _ := strings.Cut(rest, ",")
		if _, err := os.Stat(path); path != "" && err == nil {
			settings[flag] = name + ":" + fullPath(path) + strings.TrimPrefix(rest, path)
		}
	}
	if spec, _ := settings["model"].(string); isFile(spec) {
		text, err := json.Marshal(model)
		if err != nil {
			return nil, err
		}
		settings["model"] = string(text)
	}
	for name, value := range overrides {
		if value == nil {
			delete(settings, name)
		} else {
			settings[name] = value
		}
	}
	return settings, nil
}

// origin is what it takes to compute a result once more, and what it was computed with.
type origin struct {
	Config  map[string]any       `json:"config"`
	Machine machine.ComputedWith `json:"machine"`
}

// origin is that of this command. overrides are those of runSettings, where the paths of files may be relative and "" is none.
func (a *app) origin(flags *pflag.FlagSet, model objective.Model, overrides map[string]any) (origin, error) {
	for _, name := range []string{"weights", "along"} {
		if path, given := overrides[name].(string); given && path == "" {
			overrides[name] = nil
		} else if given {
			overrides[name] = fullPath(path)
		}
	}
	config, err := runSettings(flags, model, overrides)
	return origin{config, machine.Using(machine.Resolve(a.device, cuda.Probe()), a.threads)}, err
}

// setAsKept sets flags as the config.toml of a folder has them.
func setAsKept(config string, flags *pflag.FlagSet) error {
	err := cmdline.SetAll(config, flags)
	var unknown cmdline.UnknownError
	if errors.As(err, &unknown) {
		return fmt.Errorf("config.toml is of another command, or of another version: it sets %s", unknown.Name)
	}
	if err != nil {
		return fmt.Errorf("config.toml: %w", err)
	}
	return nil
}

func encodeTOML(w io.Writer, settings map[string]any) error {
	return toml.NewEncoder(w).Encode(settings)
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil || filepath.Ext(path) == ".json" // the file may be gone since it was read
}

func fullPath(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// setting is a flag's value as TOML shows it best.
func setting(v pflag.Value) any {
	if list, many := v.(pflag.SliceValue); many {
		return list.GetSlice()
	}
	return cmdline.Typed(v.Type(), v.String())
}
