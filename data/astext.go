package data

import (
	"bytes"
	"errors"
)

// byteOrderMark is what some editors put in front of UTF-8.
const byteOrderMark = "\ufeff"

// asText refuses, by how it begins, what is no text in UTF-8 with lines that end in LF or CR LF.
func asText(start []byte) error {
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")):
		return errors.New("the text is in UTF-16: save it as UTF-8")
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return errors.New("this is a zip archive or a workbook: unpack it, or export its table as CSV")
	case bytes.ContainsRune(start, '\r') && !bytes.ContainsRune(start, '\n'):
		return errors.New("its lines end in CR alone: convert them to LF")
	}
	return nil
}
