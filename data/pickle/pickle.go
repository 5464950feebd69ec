// Package pickle reads what Python's pickle module wrote, protocols 0 to 5, as plain values. It runs nothing: where a file says that
// something is to be called or built, the result is an Object that says so too. Only bytes, which protocols below 3 write as a call, are made.
//
//	None, bool        nil, bool
//	int, float        int64, float64; integers beyond int64 are refused
//	str               string
//	bytes, bytearray  []byte
//	str of Python 2   string, of its bytes
//	list, set         *List
//	tuple             Tuple
//	dict              *Dict
//	class, function   Global
//
// Memory is proportional to the file. Values may hold each other in circles.
package pickle

import (
	"errors"
	"fmt"
)

// List is a list or a set.
type List struct{ Items []any }

// Tuple is a tuple.
type Tuple []any

// Dict is a dictionary, in the order of the file.
type Dict struct{ Keys, Values []any }

// Get is the value of a key that is a string, of either kind of Python; nil where there is none.
func (d *Dict) Get(key string) any {
	for i, k := range d.Keys {
		if b, ok := k.([]byte); ok {
			k = string(b)
		}
		if k == any(key) {
			return d.Values[i]
		}
	}
	return nil
}

// Global is a class or function of a module.
type Global struct{ Module, Name string }

// Object is the result of calling Call with Args, of building State into it, and of setting Items where it is a dictionary.
type Object struct {
	Call  any // a Global, in honest files
	Args  Tuple
	State any
	Items *Dict // nil for none
}

// Persistent is an object outside the file, by what names it there.
type Persistent struct{ ID any }

// mark is where a collection begins on the stack.
type mark struct{}

// machine is pickle's: a stack, and numbered values.
type machine struct {
	rest    []byte
	stack   []any
	memo    map[int64]any
	allowed func(Global) error
}

// Decode reads the value at the start of raw.
func Decode(raw []byte) (value any, err error) {
	return DecodeAllowed(raw, func(Global) error { return nil })
}

// DecodeAllowed is Decode for files that may name certain classes and functions alone: it ends with the error that allowed has for
// the first other one.
func DecodeAllowed(raw []byte, allowed func(Global) error) (value any, err error) {
	m := &machine{rest: raw, memo: map[int64]any{}, allowed: allowed}
	defer func() {
		switch failed := recover().(type) {
		case nil:
		case refusal:
			value, err = nil, failed.error
		case failure:
			value, err = nil, fmt.Errorf("not a pickle: byte %d: %w", len(raw)-len(m.rest), failed.error)
		default:
			panic(failed)
		}
	}()
	for {
		op := m.byte()
		if op == '.' {
			return m.pop(), nil
		}
		m.do(op)
	}
}

// failure is what reading panics with.
type failure struct{ error }

// refusal is what a name that is not allowed panics with.
type refusal struct{ error }

// global pushes a class or function.
func (m *machine) global(g Global) {
	if err := m.allowed(g); err != nil {
		panic(refusal{err})
	}
	m.push(g)
}

func fail(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

func (m *machine) pop() any {
	if len(m.stack) == 0 {
		fail("nothing on the stack")
	}
	top := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	if _, is := top.(mark); is {
		fail("a mark in place of a value")
	}
	return top
}

// top is the value on top of the stack, which stays there.
func (m *machine) top() any {
	v := m.pop()
	m.push(v)
	return v
}

// popMark takes the values off the stack down to the last mark, which goes too.
func (m *machine) popMark() []any {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, found := m.stack[i].(mark); found {
			values := append([]any(nil), m.stack[i+1:]...)
			m.stack = m.stack[:i]
			return values
		}
	}
	panic(failure{errors.New("no mark on the stack")})
}
