package data

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"

	"drift/data/untrusted"
)

// Decompression bombs: data that grows beyond expandFree bytes may be no more than expandRatio times its compressed size.
// Deflate reaches 1032; images of clothes and digits stay below 10.
const (
	expandFree  = 64 << 20
	expandRatio = 100
)

// bombGuard passes on what an expander yields and stops it with an error once that is out of proportion to the
// compressed size.
type bombGuard struct {
	r    io.Reader
	left int64
}

// guardExpansion bounds what r, which expands at most the given number of bytes, may yield.
func guardExpansion(r io.Reader, compressed int64) io.Reader {
	return &bombGuard{r, max(expandFree, compressed*expandRatio)}
}

func (g *bombGuard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if g.left -= int64(n); g.left < 0 {
		return 0, fmt.Errorf("expands to more than %d times its size: this looks like a decompression bomb", expandRatio)
	}
	return n, err
}

// openFile opens a file for buffered reading, and expands it where it starts like a gzip file.
func openFile(path string) (io.ReadCloser, error) {
	f, info, err := untrusted.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := expand(f, info.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

// readFile reads a file, expanded where it is gzipped. Errors name it.
func readFile(path string, read func(io.Reader) error) error {
	f, err := openFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := read(f); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// expand returns a reader of what r holds, without gzip compression if it has that.
func expand(r io.Reader, size int64) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := b.Peek(2); len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(guardExpansion(z, size), 1<<16), nil
}
