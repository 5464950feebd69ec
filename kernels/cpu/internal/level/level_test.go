package level

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	if l, err := Choose(""); l != Best() || err != nil {
		t.Errorf("no wish: %v, %v; want %v", l, err, Best())
	}
	for i := range names {
		l := Level(i)
		got, err := Choose(l.String())
		if l <= Best() && (got != l || err != nil) {
			t.Errorf("%v: got %v, %v", l, got, err)
		}
		if l > Best() && (err == nil || !strings.Contains(err.Error(), Variable)) {
			t.Errorf("%v is not there, but got %v, %v", l, got, err)
		}
	}
	if _, err := Choose("sse9"); err == nil || !strings.Contains(err.Error(), "portable") {
		t.Errorf("unknown level: %v", err)
	}
}

func TestSet(t *testing.T) {
	before := Set(Portable)
	if Active() != Portable {
		t.Error("portable is not active")
	}
	if Set(before) != Portable || Active() != before {
		t.Error("the level before is not restored")
	}
}
