package tensorboard

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A record is its length [8 bytes], the masked checksum of the length [4], the content and the masked checksum of the content [4], in
// little-endian order (TensorFlow's TFRecord).

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is CRC-32C turned and shifted, as TFRecord has it.
func masked(b []byte) uint32 {
	sum := crc32.Checksum(b, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

func appendRecord(to, content []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(content)))
	to = append(to, length...)
	to = binary.LittleEndian.AppendUint32(to, masked(length))
	to = append(to, content...)
	return binary.LittleEndian.AppendUint32(to, masked(content))
}

const (
	frame    = 16       // bytes of a record that are not content
	largest  = 16 << 20 // bytes of content beyond which a record is damaged
	headSize = 12
)

var errDamaged = errors.New("a record is damaged")

// readRecord is the content of the next record. io.EOF says that there is none, io.ErrUnexpectedEOF that it is cut off.
func readRecord(from *bufio.Reader) ([]byte, error) {
	var head [headSize]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(head[:8])
	if masked(head[:8]) != binary.LittleEndian.Uint32(head[8:]) || length > largest {
		return nil, fmt.Errorf("%w: its length is %d", errDamaged, length)
	}
	content := make([]byte, length+4)
	if _, err := io.ReadFull(from, content); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	content, sum := content[:length], content[length:]
	if masked(content) != binary.LittleEndian.Uint32(sum) {
		return nil, fmt.Errorf("%w: its checksum does not match", errDamaged)
	}
	return content, nil
}
