package pickle

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// written is {"a": [1, -2, 70000, 2**40, -2**40, True, None, 0.5], "b": ("x", ()), "ü": b"\x00\xff", "t": (1, 2, 3, 4), "l": [[], {}],
// 3: 1.5} by pickle.dumps of Python 3, in the protocols 0 to 5.
var written = []string{
	"(dp0\x0aVa\x0ap1\x0a(lp2\x0aI1\x0aaI-2\x0aaI70000\x0aaL1099511627776L\x0aaL-1099511627776L\x0aaI01\x0aaNaF0.5\x0aasVb\x0ap3\x0a(Vx\x0ap4\x0a(ttp5\x0asV\xfc\x0ap6\x0ac_codecs\x0aencode\x0ap7\x0a(V\x5cu0000\xff\x0ap8\x0aVlatin1\x0ap9\x0atp10\x0aRp11\x0asVt\x0ap12\x0a(I1\x0aI2\x0aI3\x0aI4\x0atp13\x0asVl\x0ap14\x0a(lp15\x0a(lp16\x0aa(dp17\x0aasI3\x0aF1.5\x0as.",
	"}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffJp\x11\x01\x00L1099511627776L\x0aL-1099511627776L\x0aI01\x0aNG?\xe0\x00\x00\x00\x00\x00\x00eX\x01\x00\x00\x00bq\x03(X\x01\x00\x00\x00xq\x04)tq\x05X\x02\x00\x00\x00\xc3\xbcq\x06c_codecs\x0aencode\x0aq\x07(X\x03\x00\x00\x00\x00\xc3\xbfq\x08X\x06\x00\x00\x00latin1q\x09tq\x0aRq\x0bX\x01\x00\x00\x00tq\x0c(K\x01K\x02K\x03K\x04tq\x0dX\x01\x00\x00\x00lq\x0e]q\x0f(]q\x10}q\x11eK\x03G?\xf8\x00\x00\x00\x00\x00\x00u.",
	"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffJp\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\xff\x88NG?\xe0\x00\x00\x00\x00\x00\x00eX\x01\x00\x00\x00bq\x03X\x01\x00\x00\x00xq\x04)\x86q\x05X\x02\x00\x00\x00\xc3\xbcq\x06c_codecs\x0aencode\x0aq\x07X\x03\x00\x00\x00\x00\xc3\xbfq\x08X\x06\x00\x00\x00latin1q\x09\x86q\x0aRq\x0bX\x01\x00\x00\x00tq\x0c(K\x01K\x02K\x03K\x04tq\x0dX\x01\x00\x00\x00lq\x0e]q\x0f(]q\x10}q\x11eK\x03G?\xf8\x00\x00\x00\x00\x00\x00u.",
	"\x80\x03}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffJp\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\xff\x88NG?\xe0\x00\x00\x00\x00\x00\x00eX\x01\x00\x00\x00bq\x03X\x01\x00\x00\x00xq\x04)\x86q\x05X\x02\x00\x00\x00\xc3\xbcq\x06C\x02\x00\xffq\x07X\x01\x00\x00\x00tq\x08(K\x01K\x02K\x03K\x04tq\x09X\x01\x00\x00\x00lq\x0a]q\x0b(]q\x0c}q\x0deK\x03G?\xf8\x00\x00\x00\x00\x00\x00u.",
	"\x80\x04\x95o\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffJp\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\xff\x88NG?\xe0\x00\x00\x00\x00\x00\x00e\x8c\x01b\x94\x8c\x01x\x94)\x86\x94\x8c\x02\xc3\xbc\x94C\x02\x00\xff\x94\x8c\x01t\x94(K\x01K\x02K\x03K\x04t\x94\x8c\x01l\x94]\x94(]\x94}\x94eK\x03G?\xf8\x00\x00\x00\x00\x00\x00u.",
	"\x80\x05\x95o\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffJp\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\xff\x88NG?\xe0\x00\x00\x00\x00\x00\x00e\x8c\x01b\x94\x8c\x01x\x94)\x86\x94\x8c\x02\xc3\xbc\x94C\x02\x00\xff\x94\x8c\x01t\x94(K\x01K\x02K\x03K\x04t\x94\x8c\x01l\x94]\x94(]\x94}\x94eK\x03G?\xf8\x00\x00\x00\x00\x00\x00u.",
}

func TestEveryProtocolReadsAlike(t *testing.T) {
	for protocol, text := range written {
		want := &Dict{
			Keys: []any{"a", "b", "ü", "t", "l", int64(3)},
			Values: []any{
				&List{[]any{int64(1), int64(-2), int64(70000), int64(1) << 40, int64(-1) << 40, true, nil, 0.5}}, Tuple{"x", Tuple{}},
				[]byte{0, 255}, Tuple{int64(1), int64(2), int64(3), int64(4)}, &List{[]any{&List{}, &Dict{}}}, 1.5,
			},
		}
		got, err := Decode([]byte(text))
		if err != nil {
			t.Errorf("protocol %d: %v", protocol, err)
			continue
		}
		if !same(got, want) {
			t.Errorf("protocol %d: %#v", protocol, got)
		}
	}
}

// same compares values; lists and tuples without items may be nil or not.
func same(a, b any) bool {
	each := func(a, b []any) bool {
		if len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	switch a := a.(type) {
	case *List:
		b, ok := b.(*List)
		return ok && each(a.Items, b.Items)
	case Tuple:
		b, ok := b.(Tuple)
		return ok && each(a, b)
	case *Dict:
		b, ok := b.(*Dict)
		return ok && each(a.Keys, b.Keys) && each(a.Values, b.Values)
	case *Object:
		b, ok := b.(*Object)
		return ok && same(a.Call, b.Call) && same(a.Args, b.Args) && same(a.State, b.State) && (a.Items == nil) == (b.Items == nil) &&
			(a.Items == nil || same(a.Items, b.Items))
	}
	return reflect.DeepEqual(a, b)
}

func TestObjectsAreNotMade(t *testing.T) {
	for text, want := range map[string]any{
		"\x80\x02ccollections\x0aOrderedDict\x0aq\x00)Rq\x01X\x01\x00\x00\x00wq\x02K\x01s.": &Object{Call: Global{"collections", "OrderedDict"}, Items: &Dict{[]any{"w"}, []any{int64(1)}}},
		"\x80\x02ccollections\nOrderedDict\n)RX\x01\x00\x00\x00wK\x01s}b.":                  &Object{Call: Global{"collections", "OrderedDict"}, State: &Dict{}, Items: &Dict{[]any{"w"}, []any{int64(1)}}},
		"cos\nsystem\n(S'echo \\x41\\'\\n'\ntR.":                                            &Object{Call: Global{"os", "system"}, Args: Tuple{"echo A'\n"}},
		"\x80\x02U\x03a\xffb.":                                                              "a\xffb",
		"\x80\x02K\x07Q.":                                                                   Persistent{int64(7)},
		"\x80\x04\x8c\x02os\x8c\x04path\x93)R}b.":                                           &Object{Call: Global{"os", "path"}, State: &Dict{}},
	} {
		got, err := Decode([]byte(text))
		if err != nil || !same(got, want) {
			t.Errorf("%q: %#v, %v", text, got, err)
		}
	}
}

func TestBadPicklesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "the file ends early",
		"hello":                 "not a pickle",
		".":                     "nothing on the stack",
		"(.":                    "a mark in place of a value",
		"\x80\x09N.":            "protocol 9",
		"X\xff\xff\xff\xffabc.": "ends early",
		"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc.": "ends early",
		"I1e5\n.":                  "is no integer",
		"I99999999999999999999\n.": "is no integer",
		"\x8a\x09123456789.":       "an integer of 9 bytes",
		"Fx\n.":                    "no number",
		"Sabc\n.":                  "is no string",
		"S'\\q'\n.":                "is no string",
		"V\\u12\n.":                "is no text",
		"Vabc":                     "a line without an end",
		"h\x05.":                   "there is no value 5",
		"NNa.":                     "items for what is no list",
		"NNNs.":                    "entries for what is no dictionary",
		"}(Nu.":                    "a key without a value",
		"NNb.":                     "a state for what has none",
		"NNR.":                     "a call without arguments",
		"t.":                       "no mark on the stack",
		"i.":                       "operation 0x69",
	} {
		_, err := Decode([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want one line with %q", text, err, want)
		}
	}
}

func TestOnlyAllowedNamesAreRead(t *testing.T) {
	refused := errors.New("refused")
	allowed := func(g Global) error {
		if g == (Global{"collections", "OrderedDict"}) {
			return nil
		}
		return refused
	}
	if _, err := DecodeAllowed([]byte("ccollections\nOrderedDict\n."), allowed); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"cos\nsystem\n.", "\x80\x04\x8c\x02os\x8c\x06system\x93.", "(cos\nsystem\n0N."} {
		if _, err := DecodeAllowed([]byte(text), allowed); err != refused {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range written {
		f.Add([]byte(text))
	}
	f.Add([]byte("cos\nsystem\n(S'echo'\ntR."))
	f.Add([]byte("]q\x00h\x00a."))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := Decode(raw); err != nil && strings.Contains(err.Error(), "\n") {
			t.Fatal(err)
		}
	})
}
