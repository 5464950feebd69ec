package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"drift/data/sizes"
)

// npyHeader is the header of an NPY array (NumPy enhancement proposal 1 and numpy.lib.format). Files are untrusted, and the
// readers of libraries (npyio 0.6.0) allocate what a header claims, panic on a malformed one, and take a short read of a
// compressed file for zeros; the tests compare with npyio's writer.
type npyHeader struct {
	number
	boolean bool
	fortran bool // the first index runs fastest
	shape   []int
}

// maxHeader bounds an NPY header; NumPy writes 128 bytes for a plain array.
const maxHeader = 1 << 16

var (
	npyDescr   = regexp.MustCompile(`'descr':\s*'([<>|=]?)([a-zA-Z?])(\d*)'`)
	npyFortran = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape':\s*\(([\d\s,L]*)\)`) // Python 2 wrote 10L
)

// readNPYHeader reads up to the first number of an NPY file.
func readNPYHeader(r io.Reader) (npyHeader, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil || string(prefix[:6]) != "\x93NUMPY" {
		return npyHeader{}, errors.New("not an NPY array: it does not start with \\x93NUMPY")
	}
	length := make([]byte, 4)
	switch prefix[6] {
	case 1:
		length = length[:2]
	case 2, 3:
	default:
		return npyHeader{}, fmt.Errorf("an NPY array of version %d.%d: versions 1 to 3 are known", prefix[6], prefix[7])
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return npyHeader{}, errors.New("the array ends within its header")
	}
	n := binary.LittleEndian.Uint32(append(length, 0, 0)[:4])
	if n > maxHeader {
		return npyHeader{}, fmt.Errorf("the header claims %d bytes, more than the %d allowed", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return npyHeader{}, errors.New("the array ends within its header")
	}
	return parseNPYHeader(string(text))
}

// parseNPYHeader reads the header's text, a Python dictionary.
func parseNPYHeader(text string) (npyHeader, error) {
	var fields [3][]string
	for k, field := range []*regexp.Regexp{npyDescr, npyFortran, npyShape} {
		found := field.FindAllStringSubmatch(text, 2)
		if len(found) != 1 {
			return npyHeader{}, fmt.Errorf("header %.100q: want a plain dtype, fortran_order and shape, once each", strings.TrimSpace(text))
		}
		fields[k] = found[0]
	}
	descr, order, shape := fields[0], fields[1], fields[2]
	h := npyHeader{fortran: order[1] == "True"}
	if err := h.setType(descr[1], descr[2], descr[3]); err != nil {
		return npyHeader{}, err
	}
	for _, field := range strings.Split(shape[1], ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		d, err := strconv.Atoi(strings.TrimSuffix(field, "L"))
		if err != nil {
			return npyHeader{}, fmt.Errorf("shape (%.100s): %q is no size", shape[1], field)
		}
		h.shape = append(h.shape, d)
	}
	_, err := sizes.Product(h.shape, maxStored)
	return h, err
}

// setType reads a dtype such as <f4, |u1 or ?.
func (h *npyHeader) setType(order, kind, bytes string) error {
	h.order = binary.LittleEndian
	if order == ">" {
		h.order = binary.BigEndian
	}
	dtype := kind + bytes
	switch dtype {
	case "?", "b1":
		h.kind, h.bytes, h.boolean = 'u', 1, true
	case "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8":
		h.kind, h.bytes = kind[0], int(bytes[0]-'0')
	default:
		return fmt.Errorf("dtype %s: want bool, integers or floats of 8 to 64 bits", dtype)
	}
	return nil
}

// readNPY reads an array whose bytes are all of r, in row-major order.
func readNPY(r io.Reader) (h npyHeader, values Values, err error) {
	if h, err = readNPYHeader(r); err != nil {
		return h, values, err
	}
	count, err := volume(h.shape)
	if err != nil {
		return h, values, err
	}
	values, err = readStored(r, h.number, count)
	if err == nil {
		err = atEnd(r)
	}
	if i := slices.IndexFunc(values.bytes, func(b byte) bool { return b > 1 }); err == nil && h.boolean && i >= 0 {
		err = fmt.Errorf("dtype bool: number %d is %d, want 0 or 1", i, values.bytes[i])
	}
	if err == nil && h.fortran {
		values = values.stored(rowMajor[byte](h.shape), rowMajor[float32](h.shape), rowMajor[float64](h.shape))
	}
	return h, values, err
}

// rowMajor reorders the elements of an array whose first index runs fastest so that its last does.
func rowMajor[T any](shape []int) func([]T) []T {
	return func(v []T) []T {
		if v == nil {
			return nil
		}
		out := make([]T, 0, len(v))
		index := make([]int, len(shape))
		for range v {
			at := 0
			for i := len(shape) - 1; i >= 0; i-- {
				at = at*shape[i] + index[i]
			}
			out = append(out, v[at])
			for i := len(shape) - 1; i >= 0; i-- {
				if index[i]++; index[i] < shape[i] {
					break
				}
				index[i] = 0
			}
		}
		return out
	}
}
