package data

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// NPZWriter writes NumPy arrays into one file, an array after the other.
type NPZWriter struct{ archive *zip.Writer }

// NewNPZWriter begins a file. Close ends it.
func NewNPZWriter(w io.Writer) *NPZWriter { return &NPZWriter{zip.NewWriter(w)} }

// Close writes what belongs to the end. It does not close the file below.
func (n *NPZWriter) Close() error { return n.archive.Close() }

// WriteArray writes an array of a shape, whose numbers fill passes to put in row-major order, in pieces of any size.
func WriteArray[T float32 | float64 | int64](n *NPZWriter, name string, shape []int, fill func(put func([]T) error) error) error {
	entry, err := n.archive.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Deflate})
	if err == nil {
		_, err = io.WriteString(entry, npyHead(fmt.Sprintf("%T", *new(T)), shape))
	}
	if err != nil {
		return err
	}
	left := 1
	for _, d := range shape {
		left *= d
	}
	err = fill(func(x []T) error {
		if left -= len(x); left < 0 {
			return fmt.Errorf("array %s of shape %v is filled with too many numbers", name, shape)
		}
		return binary.Write(entry, binary.LittleEndian, x)
	})
	if err == nil && left > 0 {
		err = fmt.Errorf("array %s of shape %v lacks %d numbers", name, shape, left)
	}
	return err
}

// npyHead is what precedes the numbers in an NPY file of version 1.0: a magic number, and a description padded to a multiple of 64.
func npyHead(kind string, shape []int) string {
	code := map[string]string{"float32": "<f4", "float64": "<f8", "int64": "<i8"}[kind]
	var axes strings.Builder
	for _, d := range shape {
		fmt.Fprintf(&axes, "%d, ", d)
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", code, strings.TrimSuffix(axes.String(), " "))
	const before = 10
	text += strings.Repeat(" ", 63-(before+len(text))%64) + "\n"
	return "\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(text)))) + text
}
