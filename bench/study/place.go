package study

import (
	"fmt"
	"regexp"
	"strings"
)

// places are the lines of a study's file in which its parts begin, by the path to them: "task 1 budget".
type places map[string]int

// place is the name of an element of a list of tables.
func place(list string, index int) string { return fmt.Sprintf("%s %d", list, index) }

var (
	headerOf = regexp.MustCompile(`^\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?`)
	keyOf    = regexp.MustCompile(`^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*[=.]`)
)

// findPlaces reads a TOML file line by line for headers and keys. What it takes for a key within a text of several lines does no harm: the
// first place of a path counts, and paths that are not found fall back on the table around them.
func findPlaces(text string) places {
	found := places{}
	note := func(path string, line int) {
		if found[path] == 0 {
			found[path] = line
		}
	}
	counts, table := map[string]int{}, ""
	for i, line := range strings.Split(text, "\n") {
		if m := headerOf.FindStringSubmatch(line); m != nil {
			if table = m[2]; m[1] == "[[" {
				counts[table]++
			}
			list, rest, _ := strings.Cut(table, ".")
			if n := counts[list]; n > 0 {
				table = strings.TrimSpace(place(list, n-1) + " " + strings.ReplaceAll(rest, ".", " "))
			}
			note(table, i+1)
			continue
		}
		if m := keyOf.FindStringSubmatch(line); m != nil {
			note(strings.TrimSpace(table+" "+strings.Trim(m[1], `"'`)), i+1)
		}
	}
	return found
}

// line is where a path stands, or what is around it; 0 where nothing of it is found.
func (p places) line(path ...string) int {
	for n := len(path); n > 0; n-- {
		if line := p[strings.Join(path[:n], " ")]; line > 0 {
			return line
		}
	}
	return 0
}

// key is the first line in which a key stands, or the table around it, whichever element of a list of tables it is in.
func (p places) key(path []string) int {
	first := 0
	for n := len(path); n > 0 && first == 0; n-- {
		for at, line := range p {
			if withoutIndex(at) == strings.Join(path[:n], " ") && (first == 0 || line < first) {
				first = line
			}
		}
	}
	return first
}

// withoutIndex makes "task 1 name" of any element the same path.
func withoutIndex(at string) string {
	words := strings.Fields(at)
	if len(words) > 1 && strings.Trim(words[1], "0123456789") == "" {
		words = append(words[:1], words[2:]...)
	}
	return strings.Join(words, " ")
}

// FileError is a mistake in a study, with its place in the file.
type FileError struct {
	File string // "" for a study made in Go
	Line int    // 0: unknown
	Err  error
}

func (e FileError) Error() string {
	switch {
	case e.File == "":
		return "the study: " + e.Err.Error()
	case e.Line == 0:
		return fmt.Sprintf("reading the study %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("reading the study %s, line %d: %v", e.File, e.Line, e.Err)
}

func (e FileError) Unwrap() error { return e.Err }

// at is an error with its place in the study's file.
func (s Study) at(err error, path ...string) error {
	return FileError{s.source, s.places.line(path...), err}
}
