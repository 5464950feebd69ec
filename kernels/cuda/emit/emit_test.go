package emit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"drift/kernels"
)

// access is a random way to read an input of n = a·b·c indices.
func access(rng *rand.Rand, a, b, c int) kernels.Access {
	n := a * b * c
	return []kernels.Access{{B: 1, C: c}, {B: n, C: 1}, {B: a * b, C: c}, {B: b * c, C: 1}, {B: b, C: c}, {B: c, C: 1}, {B: a, C: b * c},
		{B: a, C: b, D: c}, {B: b, C: 1, D: c}, {B: 1, C: b, D: c}, {B: 1, C: a, D: b * c}}[rng.IntN(11)]
}

// chainOf is a random chain over [a,b,c].
func chainOf(rng *rand.Rand, a, b, c, inputs, length, results int) kernels.Map {
	m := kernels.Map{N: a * b * c}
	for range inputs {
		m.Access = append(m.Access, access(rng, a, b, c))
	}
	for k := range length {
		m.Code = append(m.Code, kernels.Instr{Fn: kernels.Fn(rng.IntN(int(kernels.FnGreater) + 1)), X: uint8(rng.IntN(inputs + k)),
			Y: uint8(rng.IntN(inputs + k)), Imm: rng.NormFloat64()})
	}
	for range results {
		m.Results = append(m.Results, uint8(rng.IntN(inputs+length)))
	}
	m.Results = append(m.Results, uint8(inputs+length-1))
	return m
}

// instr is an instruction in short.
func instr(fn kernels.Fn, x, y int, imm float64) kernels.Instr {
	return kernels.Instr{Fn: fn, X: uint8(x), Y: uint8(y), Imm: imm}
}

// norm standardises rows of channels, as a group norm does, and adds up squares by channel.
func norm(rows, channels, pixels int) kernels.Rowwise {
	size := channels * pixels
	n := rows * size
	full, row, channel := kernels.Access{B: 1, C: 1}, kernels.Access{B: size, C: 1}, kernels.Access{B: rows, C: channels, D: pixels}
	total := kernels.Reduce{A: rows, B: size, C: 1, Map: kernels.Map{N: n, Access: []kernels.Access{full}, Results: []uint8{0}}}
	deviation := kernels.Reduce{A: rows, B: size, C: 1, Map: kernels.Map{N: n, Access: []kernels.Access{full, row}, Code: []kernels.Instr{
		instr(kernels.FnScale, 1, 0, 1/float64(size)), instr(kernels.FnSub, 0, 2, 0), instr(kernels.FnSquare, 3, 0, 0)}, Results: []uint8{4, 3}}}
	inverse := kernels.Map{N: rows, Access: []kernels.Access{full}, Code: []kernels.Instr{instr(kernels.FnRsqrt, 0, 0, 0)}, Results: []uint8{1}}
	scaled := kernels.Map{N: n, Access: []kernels.Access{full, row, channel}, Code: []kernels.Instr{
		instr(kernels.FnMul, 0, 1, 0), instr(kernels.FnMul, 3, 2, 0)}, Results: []uint8{4}}
	squares := kernels.Reduce{A: rows * channels, B: pixels, C: 1, Map: kernels.Map{N: n, Access: []kernels.Access{full},
		Code: []kernels.Instr{instr(kernels.FnSquare, 0, 0, 0)}, Results: []uint8{1}}}
	const x, scale, y, sums, sum, variance, less, over = 0, 1, 2, 3, 4, 5, 6, 7
	return kernels.Rowwise{Rows: rows, In: []int{n, channels}, Out: []int{n, rows * channels}, Local: []int{rows, rows, n, rows}, Steps: []kernels.Step{
		{Op: total, In: []int{x}, Out: []int{sum}},
		{Op: deviation, In: []int{x, sum}, Out: []int{variance, less}},
		{Op: inverse, In: []int{variance}, Out: []int{over}},
		{Op: scaled, In: []int{less, over, scale}, Out: []int{y}},
		{Op: squares, In: []int{y}, Out: []int{sums}},
	}}
}

// losses is cross entropy of rows of logits and its gradient: rows with sums, largest elements, and broadcasts of rows and columns at once.
func losses(rows, cols int) kernels.Rowwise {
	n := rows * cols
	full, row, column := kernels.Access{B: 1, C: 1}, kernels.Access{B: cols, C: 1}, kernels.Access{B: rows, C: cols}
	over := func(size int, access ...kernels.Access) kernels.Map { return kernels.Map{N: size, Access: access} }
	class := func(m *kernels.Map, class, column uint8) uint8 {
		return m.Then(kernels.FnScale, m.Then(kernels.FnAddConst, m.Then(kernels.FnAbs, m.Then(kernels.FnSub, column, class, 0), 0, 0), 0, -0.5), 0, math.Inf(-1))
	}
	logits := over(n, full)
	logits.Results = []uint8{0}
	powers := over(n, full, row)
	power := powers.Then(kernels.FnExp, powers.Then(kernels.FnSub, 0, 1, 0), 0, 0)
	powers.Results = []uint8{power, power}
	inverse := over(rows, full)
	inverse.Results = []uint8{inverse.Then(kernels.FnRecip, 0, 0, 0)}
	own := over(n, row, column, full)
	own.Results = []uint8{own.Then(kernels.FnMin, 2, class(&own, 0, 1), 0)}
	loss := over(rows, full, full, full)
	loss.Results = []uint8{loss.Then(kernels.FnAdd, loss.Then(kernels.FnLog, 0, 0, 0), loss.Then(kernels.FnSub, 1, 2, 0), 0)}
	gradient := over(n, full, row, row, column)
	at := gradient.Then(kernels.FnStep, class(&gradient, 2, 3), 0, 0)
	gradient.Results = []uint8{gradient.Then(kernels.FnSub, gradient.Then(kernels.FnMul, 0, 1, 0), at, 0)}
	sums := func(m kernels.Map, largest bool) kernels.Reduce {
		return kernels.Reduce{A: rows, B: cols, C: 1, Max: largest, Map: m}
	}
	const z, y, columns, result, slope, largest, sum, over1, picked, e = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
	return kernels.Rowwise{Rows: rows, In: []int{n, rows, cols}, Out: []int{rows, n}, Local: []int{rows, rows, rows, rows, n}, Steps: []kernels.Step{
		{Op: sums(logits, true), In: []int{z}, Out: []int{largest}},
		{Op: sums(powers, false), In: []int{z, largest}, Out: []int{sum, e}},
		{Op: inverse, In: []int{sum}, Out: []int{over1}},
		{Op: sums(own, true), In: []int{y, columns, z}, Out: []int{picked}},
		{Op: loss, In: []int{sum, largest, picked}, Out: []int{result}},
		{Op: gradient, In: []int{e, over1, y, columns}, Out: []int{slope}},
	}}
}

// programs are of all kinds: each function, chains of all lengths, sums of all shapes and rows of all lengths.
func programs() (list []kernels.Primitive) {
	rng := rand.New(rand.NewPCG(3, 9))
	for f := kernels.FnConst; f <= kernels.FnGreater; f++ {
		list = append(list, kernels.Map{N: 1 << 20, Access: []kernels.Access{{B: 1, C: 1}, {B: 1, C: 1}}, Code: []kernels.Instr{instr(f, 0, 1, 0.75)}, Results: []uint8{2}})
	}
	exchange := kernels.Map{N: 1000}
	for k := range kernels.MaxMapValues {
		exchange.Access = append(exchange.Access, kernels.Access{B: 1, C: 1})
		exchange.Results = append(exchange.Results, uint8(kernels.MaxMapValues-1-k))
	}
	list = append(list, exchange)
	for _, length := range []int{1, 5, 20, 58} {
		list = append(list, chainOf(rng, 7, 64, 30, 5, length, 3))
	}
	for _, s := range [][3]int{{512, 10, 1}, {7, 1025, 1}, {1, 1 << 20, 1}, {4096, 64, 1}, {3, 1, 1}, {1, 8192, 4096}, {17, 9, 121}, {300, 3, 2}, {5, 5000, 6}} {
		for _, largest := range []bool{false, true} {
			list = append(list, kernels.Reduce{A: s[0], B: s[1], C: s[2], Max: largest, Map: chainOf(rng, s[0], s[1], s[2], 3, 4, 1)})
		}
	}
	for _, s := range [][3]int{{8, 3, 1}, {700, 3, 4}, {9, 2, 1024}, {33, 3, 701}, {128, 16, 1024}, {64, 1, 768}, {64, 1, 5000}} {
		list = append(list, norm(s[0], s[1], s[2]))
	}
	for _, s := range [][2]int{{8192, 10}, {768, 65}, {64, 1000}, {33, 8191}, {8, 1 << 14}} {
		list = append(list, losses(s[0], s[1]))
	}
	return list
}

// write is the program of a primitive, with operands stored in a type where they can be.
func write(op kernels.Primitive, stored kernels.DType, aligned bool) *Program {
	dt := stored
	if stored == kernels.BFloat16 {
		dt = kernels.Float32
	}
	out, in, _ := op.Operands()
	all := func(output bool, n int) (list []Operand) {
		for k := range n {
			list = append(list, Operand{aligned, stored != dt && kernels.Narrows(op, output, k)})
		}
		return list
	}
	return Write(op, dt, Operands{all(true, len(out)), all(false, len(in))})
}

// The driver's compiler takes every program, for the oldest devices and for Hopper, and keeps all of it in registers: values that left them for
// local memory would cost more time than most kernels take.
func TestAssembles(t *testing.T) {
	assembler, err := exec.LookPath("ptxas")
	if err != nil {
		t.Skip("ptxas is not here")
	}
	folder := t.TempDir()
	report := regexp.MustCompile(`(?s)entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill.*?Used (\d+) registers`)
	for k, op := range programs() {
		for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64, kernels.BFloat16} {
			for _, arch := range []string{"sm_80", "sm_90"} {
				t.Run(fmt.Sprintf("%d/%s/%v/%s", k, op.Name(), dt, arch), func(t *testing.T) {
					t.Parallel()
					p := write(op, dt, k%2 == 0)
					file := filepath.Join(folder, strings.ReplaceAll(t.Name(), "/", "_")+".ptx")
					if err := os.WriteFile(file, []byte(p.Text), 0o600); err != nil {
						t.Fatal(err)
					}
					text, err := exec.Command(assembler, "-arch="+arch, "-v", "-o", os.DevNull, file).CombinedOutput()
					if err != nil {
						t.Fatalf("%s: %v\n%s", kernels.Describe(op), err, text)
					}
					found := report.FindAllStringSubmatch(string(text), -1)
					if len(found) != len(p.Kernels) {
						t.Fatalf("%d kernels in the report, want %d\n%s", len(found), len(p.Kernels), text)
					}
					for _, m := range found {
						if n, _ := strconv.Atoi(m[4]); m[2] != "0" || m[3] != "0" || n > 168 {
							t.Errorf("%s %s: %s bytes of stack, %s spilled, %d registers", m[1], kernels.Describe(op), m[2], m[3], n)
						}
					}
				})
			}
		}
	}
}
