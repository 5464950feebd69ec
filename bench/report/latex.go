package report

import (
	"fmt"
	"io"
	"strings"
)

// latex are the characters that LaTeX takes for its own, or does not know in plain text.
var latex = strings.NewReplacer(`\`, `\textbackslash{}`, `{`, `\{`, `}`, `\}`, `&`, `\&`, `%`, `\%`, `$`, `\$`, `#`, `\#`, `_`, `\_`, `^`, `\textasciicircum{}`, `~`, `\textasciitilde{}`,
	"±", `$\pm$`, "−", `$-$`, "–", "--", "≤", `$\leq$`, "≥", `$\geq$`, "<=", `$\leq$`, ">=", `$\geq$`, "<", `$<$`, ">", `$>$`, "×", `$\times$`, "∞", `$\infty$`, "Σ", `$\Sigma$`, "λ", `$\lambda$`, "η", `$\eta$`)

// WriteLaTeX prints the table as a LaTeX table with a caption, by the package booktabs, text columns to the left and numbers to the right.
func (t *Table) WriteLaTeX(w io.Writer, caption string) error {
	var b strings.Builder
	line := func(cells []string) {
		for i, cell := range cells {
			if i > 0 {
				b.WriteString(" & ")
			}
			b.WriteString(latex.Replace(cell))
		}
		b.WriteString(" \\\\\n")
	}
	left := min(t.Left, len(t.Header))
	fmt.Fprintf(&b, "\\begin{table}\n\\centering\n\\caption{%s}\n\\begin{tabular}{%s%s}\n\\toprule\n", latex.Replace(caption),
		strings.Repeat("l", left), strings.Repeat("r", len(t.Header)-left))
	line(t.Header)
	b.WriteString("\\midrule\n")
	for _, row := range t.Rows {
		line(row)
	}
	b.WriteString("\\bottomrule\n\\end{tabular}\n\\end{table}\n\n")
	_, err := io.WriteString(w, b.String())
	return err
}
