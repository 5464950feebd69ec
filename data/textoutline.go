package data

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// textOutline is what one reading of a text finds.
type textOutline struct {
	characters int     // in all
	place      []int32 // of each code point, up to the largest, among the different ones; −1 for those that do not occur
	marks      []int64 // the byte at which every markEvery-th character begins
}

// token is the place of a character among the different ones.
func (o *textOutline) token(c rune) (place int32, known bool) {
	if int(c) >= len(o.place) || o.place[c] < 0 {
		return 0, false
	}
	return o.place[c], true
}

// markEvery is how many characters lie between two whose bytes are known: the marks take 8 bytes for this many characters, and whoever wants a
// character decodes up to this many before it.
const markEvery = 1 << 10

// outlineText reads a text in UTF-8 through.
func outlineText(r io.Reader) (*textOutline, error) {
	var o textOutline
	var known []bool // by code point
	err := eachCharacter(r, func(at int64, c rune) {
		if o.characters%markEvery == 0 {
			o.marks = append(o.marks, at)
		}
		o.characters++
		if more := int(c) + 1 - len(known); more > 0 {
			known = append(known, make([]bool, more)...)
		}
		known[c] = true
	})
	if err != nil {
		return nil, err
	}
	if o.characters == 0 {
		return nil, errors.New("the file is empty")
	}
	o.place = make([]int32, len(known))
	different := int32(0)
	for c, occurs := range known {
		o.place[c] = -1
		if occurs {
			o.place[c] = different
			different++
		}
	}
	return &o, nil
}

// alphabet is the different characters.
func (o *textOutline) alphabet() *Alphabet {
	var a Alphabet
	for c, place := range o.place {
		if place >= 0 {
			a.characters = append(a.characters, rune(c))
		}
	}
	return &a
}

// eachCharacter passes on the characters of a text in UTF-8 and the bytes at which they begin.
func eachCharacter(r io.Reader, each func(at int64, c rune)) error {
	piece := make([]byte, 1<<16)
	for at, kept := int64(0), 0; ; {
		n, err := io.ReadFull(r, piece[kept:])
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return err
		}
		text := piece[:kept+n]
		for len(text) > 0 && (last || utf8.FullRune(text)) {
			c, size := utf8.DecodeRune(text)
			if c == utf8.RuneError && size < 2 {
				return fmt.Errorf("byte %d is no UTF-8: say level=byte, or convert the file", at)
			}
			each(at, c)
			at, text = at+int64(size), text[size:]
		}
		if last {
			return nil
		}
		kept = copy(piece, text)
	}
}
