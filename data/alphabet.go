package data

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Alphabet is what tokens stand for in text: the characters of a list, or bytes where there is none.
type Alphabet struct{ characters []rune } // in the order of their code points; nil: bytes

// Encode is the tokens of a text. It fails at a character that has none.
func (a *Alphabet) Encode(text string) ([]int32, error) {
	var tokens []int32
	if a.characters == nil {
		for _, b := range []byte(text) {
			tokens = append(tokens, int32(b))
		}
		return tokens, nil
	}
	for at, c := range text {
		place, known := slices.BinarySearch(a.characters, c)
		if _, size := utf8.DecodeRuneInString(text[at:]); !known || c == utf8.RuneError && size < 2 {
			return nil, fmt.Errorf("character %q at byte %d is not among the %d of the data", c, at, len(a.characters))
		}
		tokens = append(tokens, int32(place))
	}
	return tokens, nil
}

// Decode is the text of tokens. Those that stand for nothing are left out; bytes may make no valid UTF-8.
func (a *Alphabet) Decode(tokens ...int32) string {
	var text strings.Builder
	for _, t := range tokens {
		switch {
		case a.characters == nil && t >= 0 && t < 256:
			text.WriteByte(byte(t))
		case t >= 0 && int(t) < len(a.characters):
			text.WriteRune(a.characters[t])
		}
	}
	return text.String()
}
