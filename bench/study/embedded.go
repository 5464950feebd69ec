package study

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed studies
var studies embed.FS

// Names is the names of the studies that ship with the program.
func Names() (names []string) {
	entries, err := studies.ReadDir("studies")
	if err != nil {
		panic(fmt.Sprintf("study: %v", err)) // it is built in
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	return names
}

// Embedded is the text of a study that ships with the program.
func Embedded(name string) (text string, found bool) {
	b, err := studies.ReadFile("studies/" + name + ".toml")
	return string(b), err == nil
}
