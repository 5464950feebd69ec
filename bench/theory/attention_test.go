package theory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/graph/nn"
	"drift/optim"
)

// The expansion to second order in the noise holds on a transformer too.
func TestBeyondLeadingOrderOnAttention(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	must(t, os.WriteFile(text, []byte(strings.Repeat("a cab, a bad cab; dab a bag. ", 40)), 0o666))
	l, err := newLab(open(t, "gpt:1,2,4", nn.CrossEntropy{}, "text:"+text+",context=6"), Options{Rates: 5})
	must(t, err)
	momentum := Descent{MomentumWeights: optim.MomentumWeights{Mu: 0.9}}
	for _, c := range []Check{l.amplified("SGD", Descent{}, l.few[:3], 3), l.amplified("momentum", momentum, l.few[:4], 2)} {
		if !c.Pass {
			complain(t, c)
		}
	}
	must(t, l.Err())
}
