//go:build !gpu

package cuda

import (
	"strings"
	"testing"
)

func TestBuildWithoutTheTagSaysHowToGetTheDevice(t *testing.T) {
	_, err := Open(0, Options{})
	if err == nil || !strings.Contains(err.Error(), "make gpu") {
		t.Errorf("got %v", err)
	}
	if info := Probe(); info.Built || !strings.Contains(info.Missing, "make gpu") {
		t.Errorf("got %+v", info)
	}
}
