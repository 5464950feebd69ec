package emit

import (
	"fmt"
	"strings"

	"drift/kernels"
)

// site is the indices at which a thread evaluates a chain: units of neighbours.
type site struct {
	width int // of a unit
	units []unit
	keep  bool // what is loaded stays known, as nothing branches past it
	// what was computed at this site before
	elements map[string]string
	loaded   map[string][]string
}

// unit begins at an index of the chain, which is a multiple of the width and may be used for loading. Within its row it begins at row; inside is
// the predicate that it is there, "" where it always is.
type unit struct{ index, row, inside string }

func newSite(width int, units []unit) *site {
	return &site{width: width, units: units, elements: make(map[string]string), loaded: make(map[string][]string)}
}

func (s *site) lanes() int { return s.width * len(s.units) }

// place is where an operand lies.
type place struct {
	value  int // its number
	slot   int // of its address among the parameters, unless it is
	shared bool
	offset string // in shared memory, in bytes: the operand's part of a row
	scalar string // the register that holds the only element of a row, if one does
	Operand
}

// element is the number of the element of an operand that an index of n reads, as a register or "0".
func (w *writer) element(s *site, a kernels.Access, i string, n int) string {
	if a.Full() {
		return i
	}
	key := fmt.Sprint(a.B, a.C, a.Each(), i)
	if e, ok := s.elements[key]; ok {
		return e
	}
	e := "0"
	if a.C > 1 {
		e = w.modulo(w.divide(i, a.Each(), n), a.C, ceil(n, a.Each()))
	}
	if period := w.divide(i, a.Period(), n); period != "0" {
		e = w.madd(period, a.C, e)
	}
	s.elements[key] = e
	return e
}

// at is the address of an element of an operand, as it is written in an instruction with more elements behind it.
func (w *writer) at(p place, element string) string {
	if p.shared {
		return w.madd(element, w.size(), p.offset) // never narrow
	}
	base := w.parameter(p.slot)
	if element == "0" {
		return base
	}
	return w.to(address, "mad.wide.u32", element, w.bytes(p), base)
}

func (p place) space() string {
	if p.shared {
		return "shared"
	}
	return "global"
}

// load is an input at all indices of a site, for a chain of n.
func (w *writer) load(s *site, p place, a kernels.Access, n int) (lanes []string) {
	if p.scalar != "" {
		for range s.lanes() {
			lanes = append(lanes, p.scalar)
		}
		return lanes
	}
	key := resident(p, a)
	if lanes, ok := s.loaded[key]; ok {
		return lanes
	}
	single := make(map[string]string) // elements that were loaded alone
	for _, u := range s.units {
		lanes = append(lanes, w.loadUnit(s, p, a, n, u, single)...)
	}
	if s.keep {
		s.loaded[key] = lanes
	}
	return lanes
}

// resident names an operand as it is read, among those that a site keeps.
func resident(p place, a kernels.Access) string { return fmt.Sprint(p.value, a.B, a.C, a.Each()) }

func (w *writer) loadUnit(s *site, p place, a kernels.Access, n int, u unit, single map[string]string) (lanes []string) {
	i := u.index
	if p.shared {
		i = u.row
	}
	alone := func(i string) string {
		e := w.element(s, a, i, n)
		if single[e] == "" {
			single[e] = w.one(p, w.at(p, e))
		}
		return single[e]
	}
	switch {
	case s.width == 1, a.Run()%s.width == 0 || a.C == 1 && a.Period() >= n: // neighbours read the same
		v := alone(i)
		for range s.width {
			lanes = append(lanes, v)
		}
	case a.Full() || a.Each() == 1 && a.C%s.width == 0: // neighbours read neighbours
		from := w.at(p, w.element(s, a, i, n))
		if p.Narrow {
			return w.loadNarrow(p, from, s.width)
		}
		for range s.width {
			lanes = append(lanes, w.new(value))
		}
		if p.Aligned {
			w.op("ld.%s.v%d.%s {%s}, [%s]", p.space(), s.width, w.t(), strings.Join(lanes, ", "), from)
			break
		}
		for k, v := range lanes {
			w.op("ld.%s.%s %s, [%s+%d]", p.space(), w.t(), v, from, k*w.size())
		}
	default:
		for k := range s.width {
			next := i
			if k > 0 {
				key := fmt.Sprint("next", i, k)
				if s.elements[key] == "" {
					s.elements[key] = w.to(index, "add.u32", i, k)
				}
				next = s.elements[key]
			}
			lanes = append(lanes, alone(next))
		}
	}
	return lanes
}

// store writes a result at all indices of a site.
func (w *writer) store(s *site, p place, lanes []string) {
	for k, u := range s.units {
		i := u.index
		if p.shared {
			i = u.row
		}
		own, to, guard := lanes[k*s.width:][:s.width], w.at(p, i), only(u.inside)
		if p.Narrow {
			w.storeNarrow(p, guard, to, own)
			continue
		}
		if s.width > 1 && p.Aligned {
			w.op("%sst.%s.v%d.%s [%s], {%s}", guard, p.space(), s.width, w.t(), to, strings.Join(own, ", "))
			continue
		}
		for k, v := range own {
			w.op("%sst.%s.%s [%s+%d], %s", guard, p.space(), w.t(), to, k*w.size(), v)
		}
	}
}
