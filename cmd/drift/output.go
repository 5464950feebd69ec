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
	return checkWritable("json", a.json, "a file, or - for standard output")
}

// checkWritable finds out whether the file that a flag names can be written.
func checkWritable(flag, path, want string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return usagef("--%s: %s is a folder: give %s", flag, path, want)
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".drift-*")
	if err != nil {
		return usagef("--%s: cannot write %s: %v", flag, path, err)
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
