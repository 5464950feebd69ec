package report

import (
	"bytes"
	"strings"
	"testing"
)

// What LaTeX takes for its own is written so that it prints as it stands, and numbers' signs as mathematics.
func TestLaTeXTable(t *testing.T) {
	table := &Table{Header: []string{"a_b", "50 %"}, Left: 1}
	table.Add("x & {y}\\z", "−1.5 ± 0.2")
	table.Add("loss <= 2", "∞")
	var b bytes.Buffer
	if err := table.WriteLaTeX(&b, "#1"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`\caption{\#1}`, `\begin{tabular}{lr}`, `a\_b & 50 \% \\`, `x \& \{y\}\textbackslash{}z & $-$1.5 $\pm$ 0.2 \\`, `loss $\leq$ 2 & $\infty$ \\`, `\end{table}`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %s", want, b.String())
		}
	}
}
