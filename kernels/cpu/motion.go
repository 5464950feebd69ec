package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/jit"
)

// motion is how the indices of a chain fall into rows and groups of rows through which every input moves on evenly.
type motion struct {
	length, rows int // of a row, and of a group
	inputs       []jit.Input
	limits       []int // groups after which an input jumps elsewhere
}

// together is how many groups from group g on, at most n, no input jumps in.
func (m motion) together(g, n int) int {
	for _, l := range m.limits {
		n = min(n, l-g%l)
	}
	return n
}

// motionOf finds rows and groups for indices in whole multiples of unit (any for 0). A part is what a group must consist of, 0 for anything.
func motionOf(m kernels.Map, unit, part int) (best motion, ok bool) {
	length := rowLength(m, unit, part)
	if length < leastRowLength {
		return best, false
	}
	most := 0
	for _, rows := range groupSizes(m, length, part) {
		next, fits := groupsOf(m, length, rows)
		if !fits || unit > 0 && unit%(length*rows) > 0 || length*rows > m.N {
			continue
		}
		if n := length * rows * next.together(0, longestCall); n > most {
			best, most, ok = next, n, true
		}
	}
	return best, ok
}

// rowLength is the indices of a row: within it each input is one element, or goes on by one from index to index.
func rowLength(m kernels.Map, unit, part int) int {
	length := gcd(unit, part)
	for _, a := range m.Access {
		switch {
		case a.Full() || a.Run() == m.N:
		case a.Run() > 1:
			length = gcd(length, a.Run())
		default:
			length = gcd(length, a.C)
		}
	}
	if length == 0 {
		return blockLen
	}
	if part == 0 {
		return length
	}
	for n := min(length, blockLen); n > 0; n-- { // sums go on in float64 after each row
		if length%n == 0 {
			return n
		}
	}
	return 0
}

// groupSizes is the numbers of rows that a group may have.
func groupSizes(m kernels.Map, length, part int) []int {
	if part > 0 {
		return []int{part / length}
	}
	sizes := []int{1}
	for _, a := range m.Access {
		switch {
		case a.Full() || a.Run() == m.N:
		case a.Run() > length:
			sizes = append(sizes, a.Run()/length)
		case a.Run() > 1:
			sizes = append(sizes, a.C)
		case a.C > length:
			sizes = append(sizes, a.C/length)
		}
	}
	return sizes
}

// groupsOf is the motion with groups of a given number of rows; ok is false where an input does not move evenly.
func groupsOf(m kernels.Map, length, rows int) (motion, bool) {
	all := motion{length: length, rows: rows}
	for _, a := range m.Access {
		in, limit, ok := inputOf(m, a, length, rows)
		if !ok {
			return all, false
		}
		all.inputs = append(all.inputs, in)
		if limit > 0 {
			all.limits = append(all.limits, limit)
		}
	}
	return all, true
}

// inputOf is the motion of one input, and after how many groups it jumps, 0 for never.
func inputOf(m kernels.Map, a kernels.Access, length, rows int) (in jit.Input, limit int, ok bool) {
	if a.Full() {
		return jit.Input{Vector: true, Row: length}, 0, true
	}
	if a.Run() == m.N {
		return jit.Input{}, 0, true
	}
	repeats := a.B > 1 && a.C > 1 // the same C elements again
	last := a.Period() == m.N     // and nothing after them
	if a.Run() > 1 {
		each := a.Run() / length
		switch {
		case each == 1 && repeats && rows == a.C && last:
			return jit.Input{Row: 1, Group: -rows}, 0, true
		case each == 1 && repeats:
			return jit.Input{Row: 1}, a.C / rows, a.C%rows == 0
		case each == 1:
			return jit.Input{Row: 1}, 0, true
		case each == rows && repeats:
			return jit.Input{Group: 1}, a.C, true
		case each == rows:
			return jit.Input{Group: 1}, 0, true
		}
		return jit.Input{}, each / rows, each%rows == 0
	}
	parts := a.C / length
	switch {
	case parts == 1 && last:
		return jit.Input{Vector: true}, 0, true
	case parts == 1:
		return jit.Input{Vector: true}, a.B / rows, a.B%rows == 0
	case parts == rows && last:
		return jit.Input{Vector: true, Row: length, Group: -a.C}, 0, true
	}
	return jit.Input{Vector: true, Row: length}, parts / rows, parts%rows == 0
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
