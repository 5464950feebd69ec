package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// checkJSON finds out before the work whether the file of --json can be written after it.
func (a *app) checkJSON() error {
	if a.json == "" || a.json == "-" {
		return nil
	}
	if info, err := os.Stat(a.json); err == nil && info.IsDir() {
		return usagef("--json: %s is a folder: give a file, or - for standard output", a.json)
	}
	probe, err := os.CreateTemp(filepath.Dir(a.json), ".drift-*")
	if err != nil {
		return usagef("--json: cannot write %s: %v", a.json, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// writeJSON delivers the result where --json wants it.
func (a *app) writeJSON(result any) error {
	if a.json == "" {
		return nil
	}
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	text = append(text, '\n')
	if a.json == "-" {
		_, err = a.stdout.Write(text)
	} else {
		err = os.WriteFile(a.json, text, 0o666)
	}
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
