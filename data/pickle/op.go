package pickle

import (
	"encoding/binary"
	"math"
	"strconv"
)

// do carries out an operation (pickletools.py of Python 3.13 describes them all).
func (m *machine) do(op byte) {
	switch op {
	case 0x80: // the protocol
		if p := m.byte(); p > 5 {
			fail("protocol %d", p)
		}
	case 0x95: // a frame
		m.bytes(8)
	case '(':
		m.push(mark{})
	case '0':
		m.pop()
	case '1':
		m.popMark()
	case '2':
		m.push(m.top())
	case 'Q':
		m.push(Persistent{m.pop()})
	case 'P':
		m.push(Persistent{m.line()})
	case 'R', 0x81:
		args, ok := m.pop().(Tuple)
		if !ok {
			fail("a call without arguments")
		}
		m.push(called(m.pop(), args))
	case 'b':
		state := m.pop()
		object, ok := m.top().(*Object)
		if !ok {
			fail("a state for what has none")
		}
		object.State = state
	case 'c':
		module := m.line()
		m.global(Global{module, m.line()})
	case 0x93:
		name, ok := m.pop().(string)
		module, ok2 := m.pop().(string)
		if !ok || !ok2 {
			fail("a global without a name")
		}
		m.global(Global{module, name})
	default:
		if !m.scalar(op) && !m.collection(op) && !m.memory(op) {
			fail("operation %#x is not among those that are read", op)
		}
	}
}

// called is the result of a call: bytes where Python 3 wrote them in a protocol that has none, as characters 0 to 255, else an Object.
func called(call any, args Tuple) any {
	switch {
	case call == Global{"_codecs", "encode"} && len(args) == 2 && args[1] == any("latin1"):
		if text, ok := args[0].(string); ok {
			if raw, ok := latin1(text); ok {
				return raw
			}
		}
	case call == Global{"__builtin__", "bytes"} && len(args) == 0:
		return []byte{}
	}
	return &Object{Call: call, Args: args}
}

func latin1(text string) (raw []byte, ok bool) {
	raw = make([]byte, 0, len(text))
	for _, c := range text {
		if c > 255 {
			return nil, false
		}
		raw = append(raw, byte(c))
	}
	return raw, true
}

// scalar pushes a number, a text or the like.
func (m *machine) scalar(op byte) bool {
	switch op {
	case 'N':
		m.push(nil)
	case 0x88, 0x89:
		m.push(op == 0x88)
	case 'I', 'L':
		m.push(m.decimal(m.line()))
	case 'J':
		m.push(int64(int32(m.unsigned(4))))
	case 'K':
		m.push(int64(m.byte()))
	case 'M':
		m.push(int64(m.unsigned(2)))
	case 0x8a:
		m.push(m.long(m.counted(1)))
	case 0x8b:
		m.push(m.long(m.counted(4)))
	case 'F':
		v, err := strconv.ParseFloat(m.line(), 64)
		if err != nil {
			fail("no number: %v", err)
		}
		m.push(v)
	case 'G':
		m.push(math.Float64frombits(binary.BigEndian.Uint64(m.bytes(8))))
	case 'S':
		m.push(m.quoted(m.line()))
	case 'V':
		m.push(m.escaped(m.line()))
	case 'T', 'X':
		m.push(string(m.counted(4)))
	case 'U', 0x8c:
		m.push(string(m.counted(1)))
	case 0x8d:
		m.push(string(m.counted(8)))
	case 'B':
		m.push(m.counted(4))
	case 'C':
		m.push(m.counted(1))
	case 0x8e, 0x96:
		m.push(m.counted(8))
	default:
		return false
	}
	return true
}

// collection makes lists, tuples and dictionaries, and adds to them.
func (m *machine) collection(op byte) bool {
	switch op {
	case ']', 0x8f:
		m.push(&List{})
	case 'l', 0x91:
		m.push(&List{m.popMark()})
	case 'a':
		v := m.pop()
		m.extend(v)
	case 'e', 0x90:
		m.extend(m.popMark()...)
	case ')':
		m.push(Tuple{})
	case 't':
		m.push(Tuple(m.popMark()))
	case 0x85, 0x86, 0x87:
		t := make(Tuple, op-0x84)
		for i := range t {
			t[len(t)-1-i] = m.pop()
		}
		m.push(t)
	case '}':
		m.push(&Dict{})
	case 'd':
		d := &Dict{}
		d.add(m.popMark())
		m.push(d)
	case 's':
		value := m.pop()
		m.set([]any{m.pop(), value})
	case 'u':
		m.set(m.popMark())
	default:
		return false
	}
	return true
}

// extend adds to the list on top of the stack.
func (m *machine) extend(values ...any) {
	list, ok := m.top().(*List)
	if !ok {
		fail("items for what is no list")
	}
	list.Items = append(list.Items, values...)
}

// set adds keys and values, in turn, to the dictionary on top of the stack, or to that of an object that is one.
func (m *machine) set(pairs []any) {
	switch d := m.top().(type) {
	case *Dict:
		d.add(pairs)
	case *Object:
		if d.Items == nil {
			d.Items = &Dict{}
		}
		d.Items.add(pairs)
	default:
		fail("entries for what is no dictionary")
	}
}

func (d *Dict) add(pairs []any) {
	if len(pairs)%2 > 0 {
		fail("a key without a value")
	}
	for i := 0; i < len(pairs); i += 2 {
		d.Keys, d.Values = append(d.Keys, pairs[i]), append(d.Values, pairs[i+1])
	}
}

// memory numbers values and gets them again.
func (m *machine) memory(op byte) bool {
	switch op {
	case 'p':
		m.keep(m.decimal(m.line()))
	case 'q':
		m.keep(int64(m.byte()))
	case 'r':
		m.keep(int64(m.unsigned(4)))
	case 0x94:
		m.keep(int64(len(m.memo)))
	case 'g':
		m.recall(m.decimal(m.line()))
	case 'h':
		m.recall(int64(m.byte()))
	case 'j':
		m.recall(int64(m.unsigned(4)))
	default:
		return false
	}
	return true
}

func (m *machine) keep(number any) {
	n, ok := number.(int64)
	if !ok {
		fail("%v is no number of a value", number)
	}
	m.memo[n] = m.top()
}

func (m *machine) recall(number any) {
	n, ok := number.(int64)
	v, known := m.memo[n]
	if !ok || !known {
		fail("there is no value %v", number)
	}
	m.push(v)
}
