package data

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"drift/data/sizes"
	"drift/data/untrusted"
)

// diskNumbers are numbers that lie one behind the other in a file, read with pread: memory holds what is asked for alone, and the
// system keeps what it has room for.
type diskNumbers struct {
	number
	file   *os.File // closed once nothing refers to it
	name   string
	at     int64 // of the first
	count  int
	buffer sync.Pool

	boolean bool // NumPy's bool, 0 or 1

	identity string // the size of the file and a checksum of sixteen pieces of it
}

// errUnstreamable is what cannot be read from disk piece by piece, though it can be read into memory.
var errUnstreamable = errors.New("add stream=off to read it into memory")

// openNPYNumbers reads the header of an NPY file that is not compressed and whose size is what the header says.
func openNPYNumbers(path string) (npyHeader, *diskNumbers, error) {
	var h npyHeader
	d, err := openNumbers(path, func(r io.Reader) (number, []int, error) {
		var err error
		if h, err = readNPYHeader(r); err == nil && h.fortran && len(h.shape) > 1 {
			err = fmt.Errorf("the first index runs fastest: save it in C order, or %w", errUnstreamable)
		}
		return h.number, h.shape, err
	})
	if err == nil {
		d.boolean = h.boolean
	}
	return h, d, err
}

// openNumbers opens a file that is numbers behind a header.
func openNumbers(path string, header func(io.Reader) (number, []int, error)) (*diskNumbers, error) {
	f, _, err := untrusted.Open(path)
	if err != nil {
		return nil, err
	}
	d := &diskNumbers{file: f, name: path}
	if err := d.open(header); err != nil {
		f.Close()
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return d, nil
}

func (d *diskNumbers) open(header func(io.Reader) (number, []int, error)) error {
	var magic [2]byte
	if _, err := d.file.ReadAt(magic[:], 0); err == nil && magic == [2]byte{0x1f, 0x8b} {
		return fmt.Errorf("the file is compressed by gzip: unpack it, or %w", errUnstreamable)
	}
	counted := &countingReader{Reader: d.file}
	var shape []int
	var err error
	if d.number, shape, err = header(counted); err != nil {
		return err
	}
	d.at = counted.n
	if d.count, err = sizes.Product(shape, maxStored); err != nil {
		return err
	}
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	if want := d.at + int64(d.count)*int64(d.bytes); info.Size() != want {
		return fmt.Errorf("the file has %d bytes where its header says %d", info.Size(), want)
	}
	d.identity, err = d.checksum()
	return err
}

type countingReader struct {
	io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// read fills the given pieces, one after the other, with the numbers from place from on.
func (d *diskNumbers) read(from int, pieces ...[]float64) error {
	size := 0
	for _, dst := range pieces {
		size += len(dst) * d.bytes
	}
	raw := d.room(size)
	defer d.buffer.Put(raw)
	bytes := (*raw)[:size]
	if err := d.readRaw(from, bytes); err != nil {
		return err
	}
	for _, dst := range pieces {
		for i := range dst {
			dst[i] = d.decode(bytes[i*d.bytes:])
			if d.boolean && dst[i] > 1 {
				return fmt.Errorf("reading %s: dtype bool: number %d is %v, want 0 or 1", d.name, from+i, dst[i])
			}
		}
		bytes, from = bytes[len(dst)*d.bytes:], from+len(dst)
	}
	return nil
}

// room is a buffer of at least size bytes.
func (d *diskNumbers) room(size int) *[]byte {
	raw, _ := d.buffer.Get().(*[]byte)
	if raw == nil || cap(*raw) < size {
		raw = new([]byte)
		*raw = make([]byte, size)
	}
	return raw
}

// readRaw fills raw with the bytes of the numbers from place from on.
func (d *diskNumbers) readRaw(from int, raw []byte) error {
	if _, err := d.file.ReadAt(raw, d.at+int64(from)*int64(d.bytes)); err != nil {
		return fmt.Errorf("reading %s: %w", d.name, err)
	}
	return nil
}

// each passes all numbers on, in pieces.
func (d *diskNumbers) each(piece func(from int, values []float64) error) error {
	values := make([]float64, min(d.count, 1<<16))
	for from := 0; from < d.count; from += len(values) {
		values = values[:min(len(values), d.count-from)]
		if err := d.read(from, values); err != nil {
			return err
		}
		if err := piece(from, values); err != nil {
			return err
		}
	}
	return nil
}

func (d *diskNumbers) identify() string { return d.identity }

func (d *diskNumbers) checksum() (string, error) {
	const pieces, size = 16, 1 << 16
	whole := int64(d.count) * int64(d.bytes)
	sum, raw := crc32.NewIEEE(), make([]byte, min(size, whole))
	for k := range int64(pieces) {
		if _, err := d.file.ReadAt(raw, d.at+(whole-int64(len(raw)))*k/(pieces-1)); err != nil {
			return "", err
		}
		sum.Write(raw)
	}
	return fmt.Sprint(whole, d.kind, d.bytes, sum.Sum32()), nil
}
