package data

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

func textSource() Source {
	return Source{
		Name: "text", Path: "FILE",
		About: "a text, gzipped or not: each example is CONTEXT characters, each of which predicts the next; the last tenth is the test part",
		Options: append(contextOptions(),
			Option{"level", "char", "char: the characters of the file are the tokens; byte: its bytes, 256 tokens"}, streamOption()),
		load: loadText,
	}
}

func loadText(r *request) (*Split, error) {
	level := r.choice("level", "char", "char", "byte")
	path, streamed, err := r.streamed(r.Path)
	if r.err != nil {
		return nil, r.err
	}
	if err != nil {
		return nil, err
	}
	if streamed {
		if split, err := r.streamText(path, level); !r.fallsBack(err) {
			return split, err
		}
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
		return spelled(split, &Alphabet{}, err)
	}
	run, alphabet, err := byCharacter(bytes.TrimPrefix(text, []byte(byteOrderMark)))
	if err != nil {
		return nil, err
	}
	split, err := r.windows(run, len(alphabet.characters), "characters")
	return spelled(split, alphabet, err)
}

// spelled names the tokens of a split.
func spelled(split *Split, alphabet *Alphabet, err error) (*Split, error) {
	if err != nil {
		return nil, err
	}
	split.Alphabet = alphabet
	for _, c := range alphabet.characters {
		split.ClassNames = append(split.ClassNames, string(c))
	}
	return split, nil
}

// byCharacter numbers the characters of a text in the order of their code points.
func byCharacter(text []byte) (run []int32, alphabet *Alphabet, err error) {
	found, err := outlineText(bytes.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	run = make([]int32, 0, found.characters)
	for len(text) > 0 {
		c, size := utf8.DecodeRune(text)
		run, text = append(run, found.place[c]), text[size:]
	}
	return run, found.alphabet(), nil
}
