package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	partSuffix = ".part"     // of a file that is not complete
	tagSuffix  = ".part.tag" // of a file with the validator (RFC 9110, section 8.8) of what the part belongs to
	maxTries   = 5           // in a row without a byte gained, at one address
)

// errTryAgain marks errors that may pass.
var errTryAgain = errors.New("the connection failed")

// download gets a file from the first address that has it, and publishes it as path.
func (f *fetcher) download(ctx context.Context, path string, file RemoteFile) error {
	var failed []string
	for _, url := range file.URLs {
		err := f.downloadFrom(ctx, url, path, file)
		if err == nil {
			return publish(path+partSuffix, path)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: stopped; fetch again to continue: %w", file.Name, ctx.Err())
		}
		failed = append(failed, fmt.Sprintf("%s: %v", url, err))
	}
	return errors.New(strings.Join(failed, "; "))
}

// downloadFrom fills and verifies path.part, with another try as long as a try takes the download further.
func (f *fetcher) downloadFrom(ctx context.Context, url, path string, file RemoteFile) error {
	pause, best, again := f.pause, int64(0), true
	for try := 1; ; try++ {
		reached, fresh, err := f.resume(ctx, url, path, file)
		if err == nil {
			if err = verify(path+partSuffix, file); err == nil {
				return removeIfThere(path + tagSuffix)
			}
			// A part that was put together may mix two files: get it once more in one piece.
			if err := removeIfThere(path + partSuffix); err != nil {
				return err
			}
			if fresh || !again {
				return err
			}
			again, reached, best = false, 0, 0
		} else if !errors.Is(err, errTryAgain) || ctx.Err() != nil {
			return err
		}
		if reached > best {
			best, try, pause = reached, 0, f.pause
		}
		if try == maxTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
			pause *= 2
		}
	}
}

// resume asks for the bytes that path.part lacks and appends them. It returns how many there are then, and whether all of
// them came in this one response.
func (f *fetcher) resume(ctx context.Context, url, path string, file RemoteFile) (reached int64, fresh bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	part, err := os.OpenFile(path+partSuffix, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return 0, false, err
	}
	defer func() {
		if failed := part.Close(); err == nil {
			err = failed
		}
	}()
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil || have == file.Size {
		return have, false, err
	}
	if have > file.Size {
		have = 0
	}
	watch := time.AfterFunc(f.patience, cancel)
	defer watch.Stop()
	response, err := f.request(ctx, url, path, have)
	if err != nil {
		return have, false, err
	}
	defer response.Body.Close()
	from, err := accept(response, have, file.Size)
	if err != nil {
		return have, false, err
	}
	if err := startPart(part, from, path, response); err != nil {
		return have, false, err
	}
	reached, err = f.receive(ctx, part, response.Body, watch, Progress{file.Name, from, file.Size})
	return reached, from == 0, err
}

// startPart makes the part ready to be written at byte from, and notes what it is a part of.
func startPart(part *os.File, from int64, path string, response *http.Response) error {
	if err := part.Truncate(from); err != nil {
		return err
	}
	if _, err := part.Seek(from, io.SeekStart); err != nil {
		return err
	}
	return os.WriteFile(path+tagSuffix, []byte(validator(response)), 0o666)
}

// request asks for a file from byte have on, if it is still the one that the part at path belongs to.
func (f *fetcher) request(ctx context.Context, address, path string, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// Otherwise a server may compress the file once more and the sizes say nothing.
	request.Header.Set("Accept-Encoding", "identity")
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if tag, err := os.ReadFile(path + tagSuffix); err == nil && len(tag) > 0 {
			request.Header.Set("If-Range", string(tag))
		}
	}
	response, err := f.client.Do(request)
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err // without the address, which the caller adds
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTryAgain, err)
	}
	return response, nil
}

// validator is the response's strong ETag or, without one, its date of modification; empty where it has neither.
func validator(r *http.Response) string {
	if tag := r.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return r.Header.Get("Last-Modified")
}

// accept checks that a response continues a file of the given size at byte have, or starts it, and returns where.
func accept(r *http.Response, have, size int64) (int64, error) {
	switch {
	case r.StatusCode == http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-%d/%d", have, size-1, size)
		if got := r.Header.Get("Content-Range"); got != want {
			return 0, fmt.Errorf("the server sent the range %q of a file, want %q", got, want)
		}
		return have, nil
	case r.StatusCode == http.StatusOK:
		if r.ContentLength >= 0 && r.ContentLength != size {
			return 0, fmt.Errorf("the server has %d bytes under this address, want %d", r.ContentLength, size)
		}
		return 0, nil
	case r.StatusCode == http.StatusTooManyRequests || r.StatusCode >= 500:
		return 0, fmt.Errorf("%w: the server answered %s", errTryAgain, r.Status)
	}
	return 0, fmt.Errorf("the server answered %s", r.Status)
}

// receive appends the body to the part, no more than is missing, reports progress and returns how far it came. The watch
// ends the connection when it is not reset.
func (f *fetcher) receive(
	ctx context.Context, part io.Writer, body io.Reader, watch *time.Timer, p Progress,
) (reached int64, err error) {
	chunk := make([]byte, 1<<16)
	for {
		f.progress(p)
		n, err := body.Read(chunk[:min(int64(len(chunk)), p.Total-p.Done+1)])
		watch.Reset(f.patience)
		if p.Done+int64(n) > p.Total {
			return p.Done, fmt.Errorf("the server sent more than the %d bytes of the published file", p.Total)
		}
		if _, err := part.Write(chunk[:n]); err != nil {
			return p.Done, err
		}
		p.Done += int64(n)
		if err == nil {
			err = ctx.Err() // what is buffered already would otherwise still be read
		}
		if err == io.EOF && p.Done == p.Total {
			f.progress(p)
			return p.Done, nil
		}
		if err != nil {
			return p.Done, fmt.Errorf("%w after %d of %d bytes: %w", errTryAgain, p.Done, p.Total, err)
		}
	}
}

// removeIfThere removes a file.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
