package emit

import (
	"fmt"
	"math"

	"drift/kernels"
)

// Arrays in shared memory: what warps hand each other, and what passes between the steps of a row.
const (
	joined = "joined"
	locals = "locals"
)

const warp = 32

// sums is how terms are joined: a sum in float64, or the largest in the program's type.
type sums struct {
	*writer
	largest bool
}

func (j sums) kind() string {
	if j.largest {
		return value
	}
	return total
}

func (j sums) t() string {
	if j.largest {
		return j.writer.t()
	}
	return "f64"
}

func (j sums) bytes() int {
	if j.largest {
		return j.size()
	}
	return 8
}

// neutral is the constant that changes nothing.
func (j sums) neutral() string {
	if j.largest {
		return j.number(math.Inf(-1))
	}
	return double(0)
}

// start is a new register with nothing joined to it.
func (j sums) start() string { return j.to(j.kind(), "mov."+j.t(), j.neutral()) }

// into joins a second into a first.
func (j sums) into(first, second string) {
	if j.largest {
		j.op("mov.%s %s, %s", j.t(), first, j.extreme("max", "setp.gt", first, second))
		return
	}
	j.op("add.rn.f64 %s, %[1]s, %s", first, second)
}

// terms joins the lanes of a site, or each of its columns, pairwise and then to the totals so far: one, or one for every column. All of it is in
// float64, as statistics are differences of sums that are nearly the same.
func (j sums) terms(s *site, lanes []string, totals []string) {
	neutral := j.number(0)
	if j.largest {
		neutral = j.number(math.Inf(-1))
	}
	masked := make([]string, len(lanes))
	for k, v := range lanes {
		if q := s.units[k/s.width].inside; q != "" {
			v = j.to(value, "selp."+j.writer.t(), v, neutral, q)
		}
		masked[k] = v
	}
	for c, sum := range totals {
		var column []string
		for k := c; k < len(masked); k += len(totals) {
			column = append(column, masked[k])
		}
		for k, v := range column {
			column[k] = j.wide(v)
		}
		j.into(sum, j.pairwise(column))
	}
}

// pairwise joins terms in the type of the totals.
func (j sums) pairwise(terms []string) string {
	for len(terms) > 1 {
		var half []string
		for k := 0; k < len(terms); k += 2 {
			switch {
			case k+1 == len(terms):
				half = append(half, terms[k])
			case j.largest:
				half = append(half, j.extreme("max", "setp.gt", terms[k], terms[k+1]))
			default:
				half = append(half, j.to(total, "add.rn.f64", terms[k], terms[k+1]))
			}
		}
		terms = half
	}
	return terms[0]
}

// wide is a term in the type of the totals.
func (j sums) wide(term string) string {
	if j.largest || j.dt == kernels.Float64 {
		return term
	}
	return j.to(total, "cvt.f64.f32", term)
}

// narrow is a total in the program's type.
func (j sums) narrow(sum string) string {
	switch {
	case j.largest:
		return sum
	case j.dt == kernels.Float64:
		return j.to(value, "mov.f64", sum)
	}
	return j.to(value, "cvt.rn.f32.f64", sum)
}

// among joins the totals of a power of two of neighbouring threads, at most a warp's; all of them get the result, which has the same bits.
func (j sums) among(sum string, threads int) {
	for apart := min(threads, warp) / 2; apart > 0; apart /= 2 {
		j.into(sum, j.exchange(sum, apart))
	}
}

// exchange is the total of the thread whose number differs in one bit.
func (j sums) exchange(sum string, apart int) string {
	shuffle := func(r string) string {
		return j.to(index, "shfl.sync.bfly.b32", r, apart, warp-1, -1)
	}
	if j.bytes() == 4 {
		bits := j.to(index, "mov.b32", sum)
		return j.to(value, "mov.b32", shuffle(bits))
	}
	low, high := j.new(index), j.new(index)
	j.op("mov.b64 {%s, %s}, %s", low, high, sum)
	low, high = shuffle(low), shuffle(high)
	return j.to(j.kind(), "mov.b64", fmt.Sprintf("{%s, %s}", low, high))
}

// inBlock joins the totals of all threads of a block of several warps; all get the result.
func (j sums) inBlock(sum, thread string, threads int) {
	j.among(sum, warp)
	warps := threads / warp
	if warps == 1 {
		return
	}
	j.shared[joined] = max(j.shared[joined], 8*warps)
	base := j.to(index, "mov.u32", joined)
	j.op("bar.sync 0") // what was joined before has been read
	lane := j.to(index, "and.b32", thread, warp-1)
	first := j.to(predicate, "setp.eq.u32", lane, 0)
	j.op("@%s st.shared.%s [%s], %s", first, j.t(), j.madd(j.to(index, "shr.u32", thread, 5), j.bytes(), base), sum)
	j.op("bar.sync 0")
	j.op("ld.shared.%s %s, [%s]", j.t(), sum, j.madd(j.to(index, "and.b32", lane, warps-1), j.bytes(), base))
	j.among(sum, warps)
}
