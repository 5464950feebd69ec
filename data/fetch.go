package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// FetchOptions of Fetch. The zero value is usable.
type FetchOptions struct {
	Dir      string         // files go to Dir/NAME; where empty, to $DRIFT_DATA/NAME or else to the user's cache folder
	Client   *http.Client   // http.DefaultClient where nil
	Progress func(Progress) // called often from the goroutine of Fetch, where not nil
}

// Progress is how much of a file is there.
type Progress struct {
	File        string
	Done, Total int64 // bytes
}

// Fetch downloads the files of the named data set that are not there yet, and returns their folder.
//
// A file grows under its name with ".part" appended, and gets its name, atomically, when all of it is on disk and has the
// published SHA-256 sum. What a broken download left is continued by the next one, as long as the server still has the
// same file. Lost connections and overloaded servers are tried again, other addresses after that.
func Fetch(ctx context.Context, name string, o FetchOptions) (string, error) {
	files, err := RemoteFiles(name)
	if err != nil {
		return "", err
	}
	dir, err := fetchDir(o.Dir, name)
	if err != nil {
		return "", err
	}
	f := fetcher{client: o.Client, progress: o.Progress, pause: time.Second, patience: time.Minute}
	if f.client == nil {
		f.client = http.DefaultClient
	}
	if f.progress == nil {
		f.progress = func(Progress) {}
	}
	for _, file := range files {
		if err := f.fetch(ctx, dir, file); err != nil {
			return "", fmt.Errorf("fetching %s: %w", name, err)
		}
	}
	return dir, nil
}

// fetcher downloads files.
type fetcher struct {
	client   *http.Client
	progress func(Progress)
	pause    time.Duration // before the second try; it doubles from try to try
	patience time.Duration // without a byte, after which a connection counts as lost
}

// fetch makes sure that the file, or what it contains, is in dir.
func (f *fetcher) fetch(ctx context.Context, dir string, file RemoteFile) error {
	if file.unpacked(dir) {
		f.progress(Progress{file.Name, file.Size, file.Size})
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(dir, file.Name)
	switch err := verify(path, file); {
	case err == nil:
		f.progress(Progress{file.Name, file.Size, file.Size})
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: remove it to fetch the published one", err)
	default:
		if err := f.download(ctx, path, file); err != nil {
			return err
		}
	}
	return file.unpack(dir)
}

// errWrongContent is what verify returns for a file that is not the published one.
var errWrongContent = errors.New("is not the published file")

// verify compares a file's size and SHA-256 sum with the published ones.
func verify(path string, file RemoteFile) error {
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, r)
	if err != nil {
		return err
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); n != file.Size || sum != file.SHA256 {
		return fmt.Errorf("%s %w: %d bytes with SHA-256 %s, want %d with %s", path, errWrongContent, n, sum, file.Size, file.SHA256)
	}
	return nil
}

// publish brings a file that was written as from to disk and gives it the name to, in the same folder.
func publish(from, to string) error {
	f, err := os.OpenFile(from, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	if failed := f.Close(); err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	// The new name is safe once its folder is on disk. Not every system can be asked for that, so failure is none of ours.
	if dir, err := os.Open(filepath.Dir(to)); err == nil {
		_ = dir.Sync()
		dir.Close()
	}
	return nil
}
