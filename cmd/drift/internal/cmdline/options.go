package cmdline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"drift/data/suggest"
	"drift/optim"
	"drift/optim/options"
)

// Options is a flag for every option of the registered optimizers. Texts are kept as they are given, and put onto an optimizer
// when it is chosen.
type Options []*optionFlag

// optionFlag is the flag of one option.
type optionFlag struct {
	name     string // of the option
	owners   []optim.Entry
	kind     options.Kind
	standard string // the command's default, in place of the optimizers'; "" for theirs
	text     string // as given; "" for the default
}

var _ pflag.Value = (*optionFlag)(nil)

// Flag is the flag's name for an option.
func Flag(option string) string { return strings.ReplaceAll(option, "_", "-") }

// Define adds the flags. standard gives the command's own defaults by option.
func (o *Options) Define(flags *pflag.FlagSet, standard map[string]string) {
	*o = nil
	for _, e := range optim.Registered() {
		for _, f := range options.Of(e.Optimizer) {
			at := slices.IndexFunc(*o, func(known *optionFlag) bool { return known.name == f.Name })
			if at < 0 {
				at = len(*o)
				*o = append(*o, &optionFlag{name: f.Name, kind: f.Kind, standard: standard[f.Name]})
			}
			(*o)[at].owners = append((*o)[at].owners, e)
		}
	}
	slices.SortFunc(*o, func(a, b *optionFlag) int { return strings.Compare(a.name, b.name) })
	for _, f := range *o {
		flag := flags.VarPF(f, Flag(f.name), "", f.usage())
		if f.kind == options.Bool {
			flag.NoOptDefVal = "true"
		}
	}
}

// Apply puts the command's defaults and the texts given onto an optimizer that has such options.
func (o Options) Apply(to optim.Optimizer) (optim.Optimizer, error) {
	for _, f := range o {
		text := f.text
		if text == "" {
			text = f.standard
		}
		if text == "" || !options.Has(to, f.name) {
			continue
		}
		var err error
		if to, err = options.Set(to, f.name, text); err != nil {
			return nil, err
		}
	}
	return to, nil
}

func (f *optionFlag) Type() string { return string(f.kind) }

// String is the text given, or the default where there is one for all.
func (f *optionFlag) String() string {
	switch {
	case f.text != "":
		return f.text
	case len(f.owners) == 0: // pflag asks a zero value for the default
		return ""
	}
	if defaults := f.defaults(); len(defaults) == 1 {
		return defaults[0].text
	}
	return ""
}

// Set takes a text that some optimizer can have.
func (f *optionFlag) Set(text string) error {
	text = strings.TrimSpace(text)
	for _, e := range f.owners {
		if _, err := options.Set(e.Optimizer, f.name, text); err == nil {
			f.text = text
			return nil
		}
	}
	_, err := options.Set(f.owners[0].Optimizer, f.name, text)
	if option, _ := options.Find(f.owners[0].Optimizer, f.name); option.Choices != nil {
		return fmt.Errorf("unknown name %q: %s", text, suggest.Choose(text, option.Choices))
	}
	var wrong options.Error
	if errors.As(err, &wrong) {
		return fmt.Errorf("got %q: give %s", wrong.Value, wrong.Want)
	}
	return err
}

// owned are the owners of one text: a default or a line of help.
type owned struct {
	text   string
	owners []string
}

// grouped is the owners by a text of theirs, the most common first.
func (f *optionFlag) grouped(text func(optim.Optimizer) string) []owned {
	var all []owned
	for _, e := range f.owners {
		t := text(e.Optimizer)
		at := slices.IndexFunc(all, func(o owned) bool { return o.text == t })
		if at < 0 {
			at = len(all)
			all = append(all, owned{text: t})
		}
		all[at].owners = append(all[at].owners, e.Name)
	}
	slices.SortStableFunc(all, func(a, b owned) int { return len(b.owners) - len(a.owners) })
	return all
}

func (f *optionFlag) defaults() []owned {
	if f.standard != "" {
		return []owned{{text: f.standard}}
	}
	return f.grouped(func(o optim.Optimizer) string { return options.Get(o, f.name) })
}

// usage is the help: who has the option, what it is, and the defaults where they differ.
func (f *optionFlag) usage() string {
	var lines []string
	meanings := f.grouped(func(o optim.Optimizer) string {
		option, _ := options.Find(o, f.name)
		help := option.Help
		if option.Choices != nil {
			help += ": " + strings.Join(option.Choices, "|")
		}
		return help
	})
	for i, m := range meanings {
		line := m.text
		if few := len(f.owners) <= len(optim.Registered())/2; few || i > 0 {
			line = strings.Join(m.owners, ", ") + ": " + line
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "; ")
	defaults := f.defaults()
	if len(defaults) == 1 {
		return text
	}
	var parts []string
	for i, d := range defaults {
		if i > 0 {
			d.text += " for " + strings.Join(d.owners, ", ")
		}
		parts = append(parts, d.text)
	}
	return text + " (default " + strings.Join(parts, "; ") + ")"
}

// Idle is a line on each flag of the command line, as given tells, that none of the chosen optimizers looks at.
func (o Options) Idle(given func(flag string) bool, optimizers ...string) (notes []string) {
	for _, f := range o {
		var names []string
		for _, e := range f.owners {
			names = append(names, e.Name)
		}
		chosen := func(owner string) bool { return slices.Contains(optimizers, owner) }
		agrees := f.name == "batch" && f.text == "full" // as all do that have no such option
		if given(Flag(f.name)) && !agrees && !slices.ContainsFunc(names, chosen) {
			notes = append(notes, fmt.Sprintf("--%s means nothing to %s, only to %s", Flag(f.name), listed(optimizers), listed(names)))
		}
	}
	return notes
}

// listed is names as a sentence has them.
func listed(names []string) string {
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}

// Text is the text given for an option's flag.
func (o Options) Text(option string) string {
	for _, f := range o {
		if f.name == option {
			return f.text
		}
	}
	return ""
}

// Settings is every option's flag for a file of settings: values where all of the optimizers that have the option agree on it, and
// nil for the others.
func (o Options) Settings(of ...optim.Optimizer) map[string]any {
	all := map[string]any{}
	for _, f := range o {
		var texts []string
		for _, optimizer := range of {
			if options.Has(optimizer, f.name) {
				texts = append(texts, options.Get(optimizer, f.name))
			}
		}
		texts = slices.Compact(texts)
		if all[Flag(f.name)] = nil; len(texts) == 1 {
			all[Flag(f.name)] = Typed(f.Type(), texts[0])
		}
	}
	return all
}
