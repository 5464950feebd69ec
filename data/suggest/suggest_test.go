package suggest

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"sgd", "gd", "gd-reg", "sigma-inverse", "gd-noise"}
	for name, want := range map[string]string{"sdg": "sgd", "gdreg": "gd-reg", "sigma": "sigma-inverse", "SGD": "sgd", "adam": "", "": ""} {
		if got := Nearest(name, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"sdg", "sgd", 1}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
