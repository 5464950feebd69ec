package page

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"drift/bench/study"
)

// settings are those of runs and comparisons side by side.
type settings struct {
	Names   []string
	Rows    []setting
	Recipes []recipe
}

// setting is a flag with its value in each result.
type setting struct {
	Name   string
	Values []string
	Differ bool
}

// recipe is how a result is computed again.
type recipe struct {
	Name, Command, Config, Computed string
}

func (r *Results) settings() (s settings) {
	var all []map[string]any
	for _, u := range r.runs {
		s.Names, all = append(s.Names, u.name), append(all, u.settings)
		s.Recipes = append(s.Recipes, recipe{Name: u.name, Command: again("train", u.path), Config: u.config, Computed: u.computed()})
	}
	for _, of := range r.studies {
		s.Recipes = append(s.Recipes, recipe{of.name, "drift study " + quote(filepath.ToSlash(filepath.Join(of.path, study.FileName))) + " --out again", of.file,
			of.computed()})
	}
	for _, c := range r.comparisons {
		s.Names, all = append(s.Names, c.name), append(all, whole(c.Experiment.Config))
		if c.study != nil {
			continue
		}
		s.Recipes = append(s.Recipes, recipe{c.name, again("compare", c.path), c.config,
			c.computed()})
	}
	s.Recipes = append(s.Recipes, r.recipes...)
	names := map[string]bool{}
	for _, of := range all {
		for name := range of {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		row := setting{Name: name}
		for _, of := range all {
			value := "–"
			if x, there := of[name]; there {
				value = shown(x)
			}
			row.Differ = row.Differ || len(row.Values) > 0 && value != row.Values[0]
			row.Values = append(row.Values, value)
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

// shown is a value of a setting, a list without brackets.
func shown(value any) string {
	list, many := value.([]any)
	if !many {
		return fmt.Sprint(value)
	}
	var words []string
	for _, item := range list {
		words = append(words, fmt.Sprint(item))
	}
	return strings.Join(words, ", ")
}

// again is the command that computes a folder's results once more, from the settings there; those of a file are in the page.
func again(command, path string) string {
	config := path + "/config.toml"
	if strings.HasSuffix(path, ".json") {
		config = "config.toml"
	}
	return fmt.Sprintf("drift %s --config %s --out again", command, quote(filepath.ToSlash(filepath.Clean(config))))
}

// quote is a word as a POSIX shell takes it, whatever is in it.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+=:,@%", r)
	}
	if !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) && !strings.HasPrefix(word, "-") {
		return word
	}
	if strings.HasPrefix(word, "-") {
		word = "./" + word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
