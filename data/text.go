package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

func textSource() Source {
	return Source{
		Name: "text", Path: "FILE",
		About: "a text, gzipped or not: each example is CONTEXT characters, each of which predicts the next; the last tenth is the test part",
		Options: append(contextOptions(),
			Option{"level", "char", "char: the characters of the file are the tokens; byte: its bytes, 256 tokens"}),
		load: loadText,
	}
}

func loadText(r *request) (*Split, error) {
	level := r.choice("level", "char", "char", "byte")
	if r.err != nil {
		return nil, r.err
	}
	return r.readFile(func(f io.Reader) (*Split, error) {
		text, err := io.ReadAll(io.LimitReader(f, maxElements+1))
		if err == nil && len(text) > maxElements {
			err = fmt.Errorf("more than %d bytes", maxElements)
		}
		if err != nil {
			return nil, err
		}
		return r.fromText(text, level)
	})
}

// fromText makes examples of a text.
func (r *request) fromText(text []byte, level string) (*Split, error) {
	if level == "byte" {
		run := make([]int32, len(text))
		for i, b := range text {
			run[i] = int32(b)
		}
		split, err := r.windows(run, 256, "bytes")
		if err == nil {
			split.Alphabet = &Alphabet{}
		}
		return split, err
	}
	run, characters, err := byCharacter(bytes.TrimPrefix(text, []byte(byteOrderMark)))
	if err != nil {
		return nil, err
	}
	split, err := r.windows(run, len(characters), "characters")
	if err == nil {
		split.Alphabet = &Alphabet{characters}
		for _, c := range characters {
			split.ClassNames = append(split.ClassNames, string(c))
		}
	}
	return split, err
}

// byCharacter numbers the characters of a text in the order of their code points.
func byCharacter(text []byte) (run []int32, characters []rune, err error) {
	place := map[rune]int32{}
	for at := 0; at < len(text); {
		c, size := utf8.DecodeRune(text[at:])
		if c == utf8.RuneError && size < 2 {
			return nil, nil, fmt.Errorf("byte %d is no UTF-8: say level=byte, or convert the file", at)
		}
		if _, known := place[c]; !known {
			place[c] = 0
			characters = append(characters, c)
		}
		run = append(run, c)
		at += size
	}
	if len(run) == 0 {
		return nil, nil, errors.New("the file is empty")
	}
	slices.Sort(characters)
	for i, c := range characters {
		place[c] = int32(i)
	}
	for i, c := range run {
		run[i] = place[c]
	}
	return run, characters, nil
}
