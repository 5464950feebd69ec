package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"drift/data/binary16"
	"drift/data/sizes"
)

// number is a binary format of numbers.
type number struct {
	kind  byte // 'u' unsigned, 'i' signed, 'f' IEEE floating point
	bytes int  // 1, 2, 4, 8; 'f' has no 1
	order binary.ByteOrder
}

// decode is the number in the first bytes of raw.
func (t number) decode(raw []byte) float64 {
	var bits uint64
	switch t.bytes {
	case 1:
		bits = uint64(raw[0])
	case 2:
		bits = uint64(t.order.Uint16(raw))
	case 4:
		bits = uint64(t.order.Uint32(raw))
	case 8:
		bits = t.order.Uint64(raw)
	}
	switch {
	case t.kind == 'u':
		return float64(bits)
	case t.kind == 'i':
		unused := 64 - 8*t.bytes
		return float64(int64(bits<<unused) >> unused)
	case t.bytes == 2:
		return binary16.Float64(uint16(bits))
	case t.bytes == 4:
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// digits writes a number for a message: whole ones that float64 holds exactly without an exponent.
func digits(x float64) string {
	if math.Abs(x) <= 1<<53 && x == math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// readStored reads count numbers as Values of the narrowest type that holds all numbers of the format.
func readStored(r io.Reader, t number, count int) (Values, error) {
	switch {
	case t.kind == 'u' && t.bytes == 1:
		x, err := readNumbers[byte](r, t, count)
		return ValuesOf(x), err
	case t.bytes <= 2 || t.kind == 'f' && t.bytes == 4:
		x, err := readNumbers[float32](r, t, count)
		return ValuesOf(x), err
	}
	x, err := readNumbers[float64](r, t, count)
	return ValuesOf(x), err
}

// errEndsEarly is what readNumbers returns when its input holds fewer numbers than asked for.
var errEndsEarly = errors.New("the file ends early")

// readNumbers reads count numbers. It allocates as they come, not as count promises. Its error says how far it came.
func readNumbers[T Number](r io.Reader, t number, count int) ([]T, error) {
	raw := make([]byte, min(count, 1<<13)*t.bytes)
	values := make([]T, 0, min(count, 1<<16))
	for len(values) < count {
		chunk := raw[:min(len(raw), (count-len(values))*t.bytes)]
		n, err := io.ReadFull(r, chunk)
		if have := len(values); have+n/t.bytes > cap(values) {
			values = slices.Grow(values, min(count-have, 2*have)) // append would grow by a quarter at a time and copy often
		}
		values = appendNumbers(values, t, chunk[:n])
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return values, fmt.Errorf("%w: after %d of %d numbers", errEndsEarly, len(values), count)
		}
		if err != nil {
			return values, err
		}
	}
	return values, nil
}

// appendNumbers appends the numbers that are whole in raw; images, which are bytes, take the short way.
func appendNumbers[T Number](values []T, t number, raw []byte) []T {
	if t.kind == 'u' && t.bytes == 1 {
		for _, b := range raw {
			values = append(values, T(b))
		}
		return values
	}
	for ; len(raw) >= t.bytes; raw = raw[t.bytes:] {
		values = append(values, T(t.decode(raw)))
	}
	return values
}

// atEnd reports what follows the last number of a file that should end there. Reading on makes checksums be checked.
func atEnd(r io.Reader) error {
	switch _, err := io.ReadFull(r, make([]byte, 1)); err {
	case io.EOF:
		return nil
	case nil:
		return errors.New("there is more in the file than its header says")
	default:
		return fmt.Errorf("after the last number: %w", err)
	}
}

// volume is the number of elements of a shape, at most those that a set in memory may have.
func volume(shape []int) (int, error) {
	n, err := sizes.Product(shape, maxElements)
	if err != nil {
		err = fmt.Errorf("shape %v: %w", shape, err)
	}
	return n, err
}
