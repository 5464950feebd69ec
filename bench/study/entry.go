package study

import (
	"bytes"
	"encoding/json"
	"fmt"

	"drift/optim"
	"drift/optim/options"
)

// Entry is an optimizer under a name of its own, with the length of its runs: the same type may stand in a comparison twice. In JSON it is
// one object: the name as "optimizer", the optimizer's options, and the steps.
type Entry struct {
	Name      string
	Optimizer optim.Optimizer
	Steps     int

	read []byte // the object that it was read from, before Bind
}

// MarshalJSON writes one object.
func (e Entry) MarshalJSON() ([]byte, error) {
	if e.Optimizer == nil && e.read == nil {
		return []byte("null"), nil
	}
	if e.Optimizer == nil {
		return e.read, nil
	}
	head, err := json.Marshal(struct {
		Name  string `json:"optimizer"`
		Steps int    `json:"steps"`
	}{e.Name, e.Steps})
	if err != nil {
		return nil, err
	}
	own, err := json.Marshal(e.Optimizer)
	if err != nil || bytes.Equal(own, []byte("{}")) {
		return head, err
	}
	return append(append(head[:len(head)-1], ','), own[1:]...), nil
}

// UnmarshalJSON reads the name and the steps. The optimizer's type is not in the text: see Bind.
func (e *Entry) UnmarshalJSON(text []byte) error {
	var head struct {
		Name  string `json:"optimizer"`
		Steps int    `json:"steps"`
	}
	err := json.Unmarshal(text, &head)
	*e = Entry{Name: head.Name, Steps: head.Steps, read: bytes.Clone(text)}
	return err
}

// Bind completes an entry that was read, with an optimizer of the type of another entry of its name.
func (e *Entry) Bind(of Entry) error {
	if e.Optimizer != nil {
		return nil
	}
	if e.Name != of.Name {
		return fmt.Errorf("what is finished is of %s where %s comes: start anew in another folder", e.Name, of.Name)
	}
	var err error
	e.Optimizer, err = options.Decode(of.Optimizer, e.read)
	return err
}
