package emit

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"drift/kernels/cuda/ptx"
)

// function is the body of a device function, to be put in the place of a call.
type function struct {
	parameters []string
	lines      []string
}

// functions is what ptx/functions.ptx holds: functions by name, and the table that some of them read.
type functions struct {
	byName map[string]*function
	table  struct{ name, text string }
}

var library = sync.OnceValue(func() *functions { return parse(ptx.Functions) })

var (
	beginning = regexp.MustCompile(`(?m)^(?:\.visible )?\.func +\(\.param \.b\d+ func_retval0\) (\w+)\(\n([^)]*)\)\n\{\n((?s:.*?))^\}`)
	parameter = regexp.MustCompile(`\.param \.b\d+ (\w+)`)
	constants = regexp.MustCompile(`(?m)^\.visible (\.const \.align \d+ \.b8 (\w+)\[.*;)$`)
	loading   = regexp.MustCompile(`^ld\.param\.(f32|f64)\s+(%\w+), \[(\w+)(?:\+0)?\];$`)
	storing   = regexp.MustCompile(`^st\.param\.(f32|f64)\s+\[(\w+)\+0\], (%\w+);$`)
	names     = regexp.MustCompile(`%(fd|f|p|rd|rs|r)(\d+|<)`)
)

// parse reads the functions out of nvcc's output.
func parse(text string) *functions {
	f := &functions{byName: make(map[string]*function)}
	for _, m := range beginning.FindAllStringSubmatch(text, -1) {
		one := new(function)
		for _, p := range parameter.FindAllStringSubmatch(m[2], -1) {
			one.parameters = append(one.parameters, p[1])
		}
		for line := range strings.Lines(m[3]) {
			if line = strings.TrimSpace(line); line != "" {
				one.lines = append(one.lines, line)
			}
		}
		f.byName[m[1]] = one
	}
	if m := constants.FindStringSubmatch(text); m != nil {
		f.table.text, f.table.name = m[1], m[2]
	}
	return f
}

// inline is the function's text with result as the register that it writes and arguments as those it reads. Calls in it are replaced too, with
// other names for their registers.
func (f *functions) inline(name, result string, arguments []string, depth int) (lines []string) {
	own := f.byName[name]
	lines = append(lines, "{")
	for k := 0; k < len(own.lines); k++ {
		line := own.lines[k]
		if strings.HasPrefix(line, "{ // callseq") {
			end := k
			for !strings.HasPrefix(own.lines[end], "} // callseq") {
				end++
			}
			lines = append(lines, f.call(own.lines[k+1:end], depth+1)...)
			k = end
			continue
		}
		if m := loading.FindStringSubmatch(line); m != nil {
			for p, name := range own.parameters {
				if name == m[3] {
					line = fmt.Sprintf("mov.%s %s, %s;", m[1], rename(m[2], depth), arguments[p])
				}
			}
		} else if m := storing.FindStringSubmatch(line); m != nil {
			line = fmt.Sprintf("mov.%s %s, %s;", m[1], result, rename(m[3], depth))
		} else if line == "ret;" {
			continue // the last one: there is no other
		} else {
			line = rename(line, depth)
		}
		lines = append(lines, line)
	}
	return append(lines, "}")
}

// call is what stands for a call: its parameters and its result are registers of the caller.
func (f *functions) call(lines []string, depth int) []string {
	var arguments []string
	var name, result string
	for k, line := range lines {
		if m := storing.FindStringSubmatch(line); m != nil {
			arguments = append(arguments, rename(m[3], depth-1))
		} else if m := loading.FindStringSubmatch(line); m != nil {
			result = rename(m[2], depth-1)
		} else if strings.HasPrefix(line, "call") {
			name = strings.Trim(lines[k+1], " ,")
		}
	}
	return f.inline(name, result, arguments, depth)
}

// rename gives the registers of a function that is called by another names of their own.
func rename(text string, depth int) string {
	if depth == 0 {
		return text
	}
	return names.ReplaceAllString(text, fmt.Sprintf("%%of%d_$1$2", depth))
}

// call writes a function of the library.
func (w *writer) call(name string, arguments ...string) string {
	r := w.new(value)
	for _, line := range library().inline(name+"_"+w.t(), r, arguments, 0) {
		w.body.WriteString("\t" + line + "\n")
	}
	return r
}
