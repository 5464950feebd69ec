package cmdline

import (
	"strings"
	"testing"
)

func TestNumbersAreChecked(t *testing.T) {
	for _, s := range []string{"NaN", "inf", "-1", "0", "x", "", "1e999"} {
		if x, err := Positive(s); err == nil {
			t.Errorf("Positive(%q) = %v", s, x)
		}
	}
	for _, s := range []string{"NaN", "1", "-0.1", "1.5"} {
		if x, err := Fraction(s); err == nil {
			t.Errorf("Fraction(%q) = %v", s, x)
		}
	}
	if x, err := NotNegative("0"); x != 0 || err != nil {
		t.Errorf("NotNegative(0) = %v, %v", x, err)
	}
}

func TestChoices(t *testing.T) {
	for text, want := range map[string]string{
		"sgd":                        "sgd",
		"sgd:lr=0.5":                 "sgd:lr=0.5",
		"sgd-reg:batch=full:lr=1e-3": "sgd-reg:batch=full:lr=0.001",
		"sigma-inverse:damping_relative=true:weight-decay=0.1": "sigma-inverse:damping-relative=true:weight-decay=0.1",
	} {
		c, err := ParseChoice(text)
		if err != nil || c.String() != want {
			t.Errorf("%s is %s, %v, want %s", text, c, err, want)
		}
	}
	for text, says := range map[string]string{
		"sdg": "did you mean sgd?", "sgd:lr": "OPTION=VALUE", "sgd:rank=3": "OPTION=VALUE", "sgd:momentm=0.5": "did you mean momentum?", "sgd:lr=-1": "at least 0", "": "unknown name",
	} {
		if _, err := ParseChoice(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
