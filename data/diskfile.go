package data

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
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

	identity string // the size of the file and a checksum of sixteen pieces of it
}

// openNPYNumbers reads the header of an NPY file that is not compressed and whose size is what the header says.
func openNPYNumbers(path string) (npyHeader, *diskNumbers, error) {
	f, err := os.Open(path)
	if err != nil {
		return npyHeader{}, nil, err
	}
	counted := &countingReader{Reader: f}
	h, err := readNPYHeader(counted)
	d := &diskNumbers{number: h.number, file: f, name: path, at: counted.n}
	if err == nil {
		d.count, err = volume(h.shape)
	}
	if err == nil && h.fortran && len(h.shape) > 1 {
		err = errors.New("the first index runs fastest: save it in C order, or add stream=off")
	}
	var info os.FileInfo
	if err == nil {
		info, err = f.Stat()
	}
	if want := d.at + int64(d.count)*int64(h.bytes); err == nil && info.Size() != want {
		err = fmt.Errorf("the file has %d bytes where its header says %d", info.Size(), want)
	}
	if err == nil {
		d.identity, err = d.identify()
	}
	if err != nil {
		f.Close()
		return npyHeader{}, nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return h, d, nil
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

// read fills dst with the numbers from place from on.
func (d *diskNumbers) read(from int, dst []float64) error {
	size := len(dst) * d.bytes
	raw, _ := d.buffer.Get().(*[]byte)
	if raw == nil || cap(*raw) < size {
		raw = new([]byte)
		*raw = make([]byte, size)
	}
	defer d.buffer.Put(raw)
	bytes := (*raw)[:size]
	if _, err := d.file.ReadAt(bytes, d.at+int64(from)*int64(d.bytes)); err != nil {
		return fmt.Errorf("reading %s: %w", d.name, err)
	}
	for i := range dst {
		dst[i] = d.decode(bytes[i*d.bytes:])
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

func (d *diskNumbers) identify() (string, error) {
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
