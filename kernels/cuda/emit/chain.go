package emit

import (
	"slices"

	"drift/kernels"
	"drift/kernels/internal/slots"
)

// chain is a Map that is evaluated at a site. Results may lie over inputs with full access, so nothing is stored before all of these are loaded.
type chain struct {
	*writer
	kernels.Map
	site   *site
	in     []place
	values [][]string // by lane, as far as they are known
}

// evaluate writes a chain and hands over its results, by number, as soon as they may be stored.
func (w *writer) evaluate(m kernels.Map, s *site, in []place, done func(result int, lanes []string)) {
	c := &chain{writer: w, Map: m, site: s, in: in, values: make([][]string, len(m.Access)+len(m.Code))}
	wanted := needed(m)
	whole := 0 // inputs that may lie under results and are not loaded yet
	for k, a := range m.Access {
		if wanted[k] && a.Full() {
			whole++
		}
	}
	waiting := make([]int, len(m.Results))
	for r := range waiting {
		waiting[r] = r
	}
	flush := func() {
		if whole > 0 {
			return
		}
		waiting = slices.DeleteFunc(waiting, func(r int) bool {
			v := c.values[m.Results[r]]
			if v != nil {
				done(r, v)
			}
			return v != nil
		})
	}
	fetch := func(v int) {
		if v < len(m.Access) && c.values[v] == nil {
			c.values[v] = w.load(s, in[v], m.Access[v], m.N)
			if m.Access[v].Full() {
				whole--
			}
		}
	}
	late := lastLoad(m, wanted)
	for k, i := range m.Code {
		if k == late { // what is a result alone is loaded with the last that is not
			for v := range m.Access {
				if wanted[v] && m.Access[v].Full() {
					fetch(v)
				}
			}
		}
		if !wanted[len(m.Access)+k] {
			continue
		}
		for _, v := range []uint8{i.X, i.Y}[:i.Fn.Arity()] {
			fetch(int(v))
		}
		c.compute(k)
		flush()
	}
	for v := range m.Access {
		if wanted[v] {
			fetch(v)
		}
	}
	flush()
}

// lastLoad is the instruction that is the last to read an input with full access for the first time.
func lastLoad(m kernels.Map, wanted []bool) int {
	late := 0
	for v, a := range m.Access {
		if !a.Full() || !wanted[v] {
			continue
		}
		for k, i := range m.Code {
			if wanted[len(m.Access)+k] && slices.Contains([]uint8{i.X, i.Y}[:i.Fn.Arity()], uint8(v)) {
				late = max(late, k)
				break
			}
		}
	}
	return late
}

// compute writes an instruction for each lane whose operands are not those of a lane before.
func (c *chain) compute(k int) {
	i := c.Code[k]
	operand := func(v uint8, arity, lane int) string {
		if i.Fn.Arity() < arity {
			return ""
		}
		return c.values[v][lane]
	}
	known := make(map[[2]string]string)
	lanes := make([]string, c.site.lanes())
	for lane := range lanes {
		x := [2]string{operand(i.X, 1, lane), operand(i.Y, 2, lane)}
		if known[x] == "" {
			known[x] = c.apply(i, x[0], x[1])
		}
		lanes[lane] = known[x]
	}
	c.values[len(c.Access)+k] = lanes
}

// needed says which values a chain's results are made of.
func needed(m kernels.Map) []bool {
	wanted := make([]bool, len(m.Access)+len(m.Code))
	for _, r := range m.Results {
		wanted[r] = true
	}
	for k := len(m.Code) - 1; k >= 0; k-- {
		if i := m.Code[k]; wanted[len(m.Access)+k] {
			for _, v := range []uint8{i.X, i.Y}[:i.Fn.Arity()] {
				wanted[v] = true
			}
		}
	}
	return wanted
}

// alive is the most values that a chain needs at once.
func alive(m kernels.Map) int {
	last := slots.LastReads(len(m.Access), m.Code)
	for _, r := range m.Results {
		last[r] = max(last[r], len(m.Code))
	}
	first := make([]int, len(last)) // the instruction that makes a value or loads it
	for v := range first {
		first[v] = max(0, v-len(m.Access))
	}
	for k := len(m.Code) - 1; k >= 0; k-- {
		for _, v := range []uint8{m.Code[k].X, m.Code[k].Y}[:m.Code[k].Fn.Arity()] {
			if int(v) < len(m.Access) {
				first[v] = k
			}
		}
	}
	most := 0
	for k := range len(m.Code) + 1 {
		n := 0
		for v := range last {
			if first[v] <= k && last[v] >= k {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// Registers of 32 bits for the values of a thread, and instructions of a kernel, that are not passed where fewer lanes do.
const (
	mostRegisters    = 96
	mostInstructions = 6000
)

// lanesOf is how many indices a thread evaluates a chain at, at most 32 bytes of an operand.
func (w *writer) lanesOf(m kernels.Map) int {
	n := 2 * vectorBytes / w.size()
	for n > 1 && (n*alive(m)*w.size()/4 > mostRegisters || n*w.cost(m) > mostInstructions) {
		n /= 2
	}
	return n
}
