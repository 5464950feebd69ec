package data

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"math"
)

// Checksum tells data from other data: the CRC-32C of sizes, inputs and targets of all the sets, as eight hexadecimal digits. Numbers
// count by their values in float64, however they are stored. Examples on disk count by the identity of their Rows.
func Checksum(sets ...Set) string {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	for _, s := range sets {
		fmt.Fprintln(sum, s.Shape, s.Tokens, s.Classes, s.Targets(), s.Len())
		if s.Rows != nil {
			fmt.Fprintln(sum, s.Rows.Identity())
			if s.X.affine != nil {
				fmt.Fprintln(sum, *s.X.affine)
			}
		}
		piece := make([]float64, min(s.X.Len(), 1<<12))
		for from := 0; from < s.X.Len(); from += len(piece) {
			piece = piece[:min(len(piece), s.X.Len()-from)]
			read(s.X, from, piece)
			addNumbers(sum, piece)
		}
		addNumbers(sum, s.Y)
		binary.Write(sum, binary.LittleEndian, s.Labels)
	}
	return fmt.Sprintf("%08x", sum.Sum32())
}

// addNumbers adds the bits of numbers to a sum.
func addNumbers(sum hash.Hash, numbers []float64) {
	var piece [4096]byte
	for len(numbers) > 0 {
		n := min(len(numbers), len(piece)/8)
		for i, x := range numbers[:n] {
			binary.LittleEndian.PutUint64(piece[8*i:], math.Float64bits(x))
		}
		sum.Write(piece[:8*n])
		numbers = numbers[n:]
	}
}
