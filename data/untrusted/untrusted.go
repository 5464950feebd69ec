// Package untrusted reads files that nobody vouches for: none keeps its reader waiting for ever, or is read without end.
package untrusted

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Open opens a regular file, or what a link to one leads to, for reading in any order. Anything else is refused before it is opened, as
// to open a pipe may wait for ever. The caller closes the file.
func Open(path string) (*os.File, fs.FileInfo, error) {
	info, err := Stat(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	return f, info, err
}

// Stat describes a regular file, or what a link to one leads to. Anything else is an error.
func Stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, refusal(path, "this is a folder, want a file")
	case !mode.IsRegular():
		return nil, refusal(path, "this is no regular file: save what the device or pipe gives in a file first")
	}
	return info, nil
}

// ReadAll reads a whole file of at most the given number of bytes, which may be a pipe.
func ReadAll(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(text) > most {
		err = refusal(path, fmt.Sprintf("it has more than %d bytes", most))
	}
	return text, err
}

// refusal says why a file is not read, as the system does: with a name that errors.Unwrap takes off.
func refusal(path, why string) error {
	return &fs.PathError{Op: "open", Path: path, Err: errors.New(why)}
}
