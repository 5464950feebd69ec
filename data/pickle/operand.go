package pickle

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// byte is the next byte.
func (m *machine) byte() byte { return m.bytes(1)[0] }

// bytes is the next n bytes, in the memory of the file.
func (m *machine) bytes(n uint64) []byte {
	if n > uint64(len(m.rest)) {
		fail("the file ends early")
	}
	b := m.rest[:n:n]
	m.rest = m.rest[n:]
	return b
}

// line is what comes before the end of the line.
func (m *machine) line() string {
	end := bytes.IndexByte(m.rest, '\n')
	if end < 0 {
		fail("a line without an end")
	}
	text := string(m.rest[:end])
	m.rest = m.rest[end+1:]
	return text
}

// unsigned is a number of n bytes.
func (m *machine) unsigned(bytes uint64) uint64 {
	var b [8]byte
	copy(b[:], m.bytes(bytes))
	return binary.LittleEndian.Uint64(b[:])
}

// counted is bytes behind their count, which is a number of the given width in bytes.
func (m *machine) counted(bytes uint64) []byte { return m.bytes(m.unsigned(bytes)) }

// long is a number in two's complement.
func (m *machine) long(b []byte) int64 {
	if len(b) > 8 {
		fail("an integer of %d bytes", len(b))
	}
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	if unused := 64 - 8*len(b); len(b) > 0 {
		return int64(v<<unused) >> unused
	}
	return 0
}

// decimal reads an integer in digits; 00 and 01 are how protocol 0 writes booleans.
func (m *machine) decimal(text string) any {
	switch text {
	case "00":
		return false
	case "01":
		return true
	}
	v, err := strconv.ParseInt(strings.TrimSuffix(text, "L"), 10, 64)
	if err != nil {
		fail("%.40q is no integer", text)
	}
	return v
}

// quoted reads a string as Python 2 shows it.
func (m *machine) quoted(text string) string {
	if n := len(text); n < 2 || text[0] != text[n-1] || text[0] != '\'' && text[0] != '"' {
		fail("%.40q is no string", text)
	}
	quote, text := text[0], text[1:len(text)-1]
	var out []byte
	for text != "" {
		c, multibyte, tail, err := strconv.UnquoteChar(text, quote)
		if err != nil {
			fail("%.40q is no string", text)
		}
		if multibyte {
			out = append(out, string(c)...)
		} else {
			out = append(out, byte(c))
		}
		text = tail
	}
	return string(out)
}

// escaped reads a text of protocol 0: Latin-1, with \u and four digits, or \U and eight, for other characters.
func (m *machine) escaped(text string) string {
	var out []rune
	for i := 0; i < len(text); i++ {
		digits := 0
		if text[i] == '\\' && i+1 < len(text) {
			digits = map[byte]int{'u': 4, 'U': 8}[text[i+1]]
		}
		if digits == 0 {
			out = append(out, rune(text[i]))
			continue
		}
		if i+2+digits > len(text) {
			fail("%.40q is no text", text)
		}
		c, err := strconv.ParseUint(text[i+2:i+2+digits], 16, 31)
		if err != nil {
			fail("%.40q is no text", text)
		}
		out = append(out, rune(c))
		i += 1 + digits
	}
	return string(out)
}
