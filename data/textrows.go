package data

import (
	"fmt"
	"io"
	"unicode/utf8"

	"drift/data/untrusted"
)

// characters are those of a text on disk, of which one reading found the outline.
type characters struct {
	*diskNumbers // its bytes
	*textOutline
}

// streamText makes examples of a text that stays on disk.
func (r *request) streamText(path, level string) (*Split, error) {
	d, err := openText(path, level == "char")
	if err != nil {
		return nil, err
	}
	if level == "byte" {
		split, err := r.windowsOnDisk(d, d.count, 256, "bytes")
		return spelled(split, &Alphabet{}, err)
	}
	outline, err := outlineText(io.NewSectionReader(d.file, d.at, int64(d.count)))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	alphabet := outline.alphabet()
	split, err := r.windowsOnDisk(characters{d, outline}, outline.characters, len(alphabet.characters), "characters")
	return spelled(split, alphabet, err)
}

// openText opens a text that is not compressed, as bytes; without its byte order mark, if it has one and that is wanted.
func openText(path string, unmarked bool) (*diskNumbers, error) {
	return openNumbers(path, func(r io.Reader) (number, []int, error) {
		info, err := untrusted.Stat(path)
		if err != nil {
			return number{}, nil, err
		}
		size := int(info.Size())
		if unmarked && size >= len(byteOrderMark) {
			unmarked, err = startsWith(path, byteOrderMark)
			if err == nil && unmarked {
				size -= len(byteOrderMark)
				_, err = io.CopyN(io.Discard, r, int64(len(byteOrderMark)))
			}
		}
		return number{kind: 'u', bytes: 1}, []int{size}, err
	})
}

// startsWith tells whether a file begins with a text that is no longer than it.
func startsWith(path, text string) (bool, error) {
	f, _, err := untrusted.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	start := make([]byte, len(text))
	_, err = io.ReadFull(f, start)
	return string(start) == text, err
}

// next fills x with the characters from a place on, as tokens, and y with those that follow each.
func (c characters) next(from int, x, y []float64) error {
	skip := from % markEvery
	at := c.marks[from/markEvery]
	size := min(int64(c.count)-at, int64(skip+1+len(y))*utf8.UTFMax)
	room := c.room(int(size))
	defer c.buffer.Put(room)
	text := (*room)[:size]
	if err := c.readRaw(int(at), text); err != nil {
		return err
	}
	for k := -skip - 1; k < len(y); k++ {
		character, width := utf8.DecodeRune(text)
		text = text[width:]
		if k < -1 {
			continue
		}
		token, known := c.token(character)
		switch {
		case width == 0 || !known:
			return fmt.Errorf("reading %s: the file has changed since it was opened", c.name)
		case k < 0:
			x[0] = float64(token)
		default:
			y[k] = float64(token)
		}
	}
	copy(x[1:], y)
	return nil
}
