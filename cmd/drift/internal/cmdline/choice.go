package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"drift/data/suggest"
	"drift/optim"
	"drift/optim/options"
)

// Choice is an optimizer to compare, with options of its own that overrule the flags: sigma-inverse:lr=0.3:damping=3.
type Choice struct {
	Name    string
	Options [][2]string // names and texts
}

func (c Choice) String() string {
	text := c.Name
	for _, o := range c.Options {
		text += ":" + Flag(o[0]) + "=" + o[1]
	}
	return text
}

// ParseChoice reads NAME or NAME:OPTION=VALUE:…
func ParseChoice(s string) (Choice, error) {
	parts := strings.Split(s, ":")
	c := Choice{Name: parts[0]}
	o, found := optim.Lookup(c.Name)
	if !found {
		return c, fmt.Errorf("unknown name %q: %s", c.Name, suggest.Choose(c.Name, optim.Names()))
	}
	for _, part := range parts[1:] {
		name, text, both := strings.Cut(part, "=")
		name = strings.ReplaceAll(strings.TrimSpace(name), "-", "_")
		if !both || !options.Has(o, name) {
			var known []string
			for _, f := range options.Of(o) {
				known = append(known, Flag(f.Name))
			}
			return c, fmt.Errorf("%q of %s: give OPTION=VALUE: %s", part, c.Name, suggest.Choose(Flag(name), known))
		}
		var err error
		if o, err = options.Set(o, name, text); err != nil {
			return c, fmt.Errorf("%s: %w", c.Name, err)
		}
		c.Options = append(c.Options, [2]string{name, options.Get(o, name)})
	}
	return c, nil
}

// Onto is an optimizer of the choice's name with its options.
func (c Choice) Onto(o optim.Optimizer) (optim.Optimizer, error) {
	var err error
	for _, option := range c.Options {
		if o, err = options.Set(o, option[0], option[1]); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// Has reports whether the choice gives an option.
func (c Choice) Has(option string) bool {
	return slices.ContainsFunc(c.Options, func(o [2]string) bool { return o[0] == option })
}

// Labels are the names under which choices appear: those of their optimizers where each is there once.
func Labels(choices []Choice) []string {
	var all []string
	for i, c := range choices {
		label := c.Name
		for k, other := range choices {
			if k != i && other.Name == c.Name {
				label = c.String()
			}
		}
		all = append(all, label)
	}
	return all
}
