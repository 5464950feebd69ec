package weights

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"drift/data/untrusted"
	"drift/graph/objective"
)

// Names are other names of a file's tensors: what a name of the file, or a prefix of names that ends in a dot, becomes before it is
// looked for in the model. The longest one that fits a tensor counts.
type Names map[string]string

// maxNames is the most bytes of a file of names.
const maxNames = 4 << 20

// ReadNames reads names from a TOML file of lines "NAME IN THE FILE" = "NAME IN THE MODEL".
func ReadNames(path string) (Names, error) {
	raw, err := untrusted.ReadAll(path, maxNames)
	if err != nil {
		return nil, fmt.Errorf("reading names of tensors: %w", err)
	}
	table, names := map[string]any{}, Names{}
	if err = toml.Unmarshal(raw, &table); err == nil {
		err = names.add("", table)
	}
	if err == nil && len(names) == 0 {
		err = errors.New("there are none in it")
	}
	if err != nil {
		return nil, fmt.Errorf(`reading names of tensors %s: %.200s: write lines of the form "fc.weight" = "1.weight"`, path, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return names, nil
}

// add takes a table; names that were written without quotes lie in tables by their parts.
func (n Names) add(prefix string, table map[string]any) error {
	for key, value := range table {
		switch v := value.(type) {
		case string:
			n[prefix+key] = v
		case map[string]any:
			if err := n.add(prefix+key+".", v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q is no text", prefix+key)
		}
	}
	return nil
}

// rename gives tensors their other names, and keeps how they were called. A name that fits nothing is a mistake.
func (n Names) rename(tensors []*tensor) (was map[string]string, err error) {
	was = make(map[string]string, len(tensors))
	used := map[string]bool{}
	for _, t := range tensors {
		old := t.name
		if from, ok := n.of(old); ok {
			used[from] = true
			t.name = n[from]
			if from != old {
				t.name += strings.TrimPrefix(old, from)
			}
		}
		if other, taken := was[t.name]; taken {
			return nil, fmt.Errorf("tensors %q and %q are both to be called %q", other, old, t.name)
		}
		was[t.name] = old
	}
	for _, from := range slices.Sorted(maps.Keys(n)) {
		if !used[from] {
			return nil, fmt.Errorf("%q is to be called %q, but the file has no such tensor: it has %s", from, n[from], describe(tensors))
		}
	}
	return was, nil
}

// of is the entry that applies to a name.
func (n Names) of(name string) (string, bool) {
	if _, ok := n[name]; ok {
		return name, true
	}
	for end := len(name) - 1; end > 0; end-- {
		if _, ok := n[name[:end]]; ok && name[end-1] == '.' {
			return name[:end], true
		}
	}
	return "", false
}

// Renamed is the parameters under the names that they have in a file, where it has them.
func Renamed(params []objective.Param, inFile map[string]string) []objective.Param {
	params = slices.Clone(params)
	for i, p := range params {
		var names []string
		for _, name := range own(p) {
			if there, ok := inFile[name]; ok {
				names = append(names, there)
			}
		}
		if len(names) > 0 {
			params[i].Name, params[i].Also = names[0], names[1:]
		}
	}
	return params
}
