package main

import (
	"fmt"
	"os"
	"sort"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"
)

// applyConfig sets the flags that a TOML file names, except those that the command line has set already.
func applyConfig(path string, flags *pflag.FlagSet) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return usageError{fmt.Errorf("reading the configuration: %w", err)}
	}
	if err := setFlags(string(text), flags); err != nil {
		return usageError{fmt.Errorf("reading the configuration %s: %w", path, err)}
	}
	return nil
}

// setFlags reads "flag = value" lines; every key must be a flag of the command.
func setFlags(text string, flags *pflag.FlagSet) error {
	settings := map[string]any{}
	if _, err := toml.Decode(text, &settings); err != nil {
		return err
	}
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if err := setFlag(name, settings[name], flags); err != nil {
			return err
		}
	}
	return nil
}

func setFlag(name string, setting any, flags *pflag.FlagSet) error {
	flag := flags.Lookup(name)
	if flag == nil {
		if near := nearest(name, flagNames(flags)); near != "" {
			return fmt.Errorf("%s is no flag of this command: did you mean %s?", name, near)
		}
		return fmt.Errorf("%s is no flag of this command: see --help", name)
	}
	if name == "config" || name == "help" {
		return fmt.Errorf("%s is no flag that a file can set: leave it out", name)
	}
	if flag.Changed {
		return nil
	}
	texts, err := texts(setting)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if list, many := flag.Value.(pflag.SliceValue); many {
		err = list.Replace(texts)
	} else if len(texts) != 1 {
		err = fmt.Errorf("got a list: give one value")
	} else {
		err = flag.Value.Set(texts[0])
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	flag.Changed = true
	return nil
}

// texts writes a TOML value, or each of a list of them, as it would stand on a command line.
func texts(setting any) ([]string, error) {
	list, many := setting.([]any)
	if !many {
		list = []any{setting}
	}
	all := make([]string, len(list))
	for i, item := range list {
		switch item.(type) {
		case string, bool, int64, float64:
			all[i] = fmt.Sprint(item)
		default:
			return nil, fmt.Errorf("got %v: give a number, a string, true or false, or a list of them", item)
		}
	}
	return all, nil
}
