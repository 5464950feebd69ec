package main

import (
	"fmt"
	"slices"
	"strings"

	"drift/optim"
	"drift/optim/options"
)

// choice is an optimizer to compare, with options of its own that overrule the flags: sigma-inverse:lr=0.3:damping=3.
type choice struct {
	name    string
	options [][2]string // names and texts
}

func (c choice) String() string {
	text := c.name
	for _, o := range c.options {
		text += ":" + flagOf(o[0]) + "=" + o[1]
	}
	return text
}

// parseChoice reads NAME or NAME:OPTION=VALUE:…
func parseChoice(s string) (choice, error) {
	parts := strings.Split(s, ":")
	c := choice{name: parts[0]}
	o, found := optim.Lookup(c.name)
	if !found {
		return c, fmt.Errorf("unknown name %q: %s", c.name, choose(c.name, optim.Names()))
	}
	for _, part := range parts[1:] {
		name, text, both := strings.Cut(part, "=")
		name = strings.ReplaceAll(strings.TrimSpace(name), "-", "_")
		if !both || !options.Has(o, name) {
			var known []string
			for _, f := range options.Of(o) {
				known = append(known, flagOf(f.Name))
			}
			return c, fmt.Errorf("%q of %s: give OPTION=VALUE: %s", part, c.name, choose(flagOf(name), known))
		}
		var err error
		if o, err = options.Set(o, name, text); err != nil {
			return c, fmt.Errorf("%s: %w", c.name, err)
		}
		c.options = append(c.options, [2]string{name, options.Get(o, name)})
	}
	return c, nil
}

// onto is an optimizer of the choice's name with its options.
func (c choice) onto(o optim.Optimizer) (optim.Optimizer, error) {
	var err error
	for _, option := range c.options {
		if o, err = options.Set(o, option[0], option[1]); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// has reports whether the choice gives an option.
func (c choice) has(option string) bool {
	return slices.ContainsFunc(c.options, func(o [2]string) bool { return o[0] == option })
}

// labels are the names under which choices appear: those of their optimizers where each is there once.
func labels(choices []choice) []string {
	var all []string
	for i, c := range choices {
		label := c.name
		for k, other := range choices {
			if k != i && other.name == c.name {
				label = c.String()
			}
		}
		all = append(all, label)
	}
	return all
}
