//go:build mpi && (linux || darwin)

package mpi

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"

	"drift/kernels/group"
	"drift/kernels/group/grouptest"
)

// floats are a library's float32 and sum, for comparison: drift itself moves bytes only.
func (w *world) floats() (element, add uintptr) {
	if at, err := purego.Dlsym(w.handle, "ompi_mpi_float"); err == nil {
		add, _ = purego.Dlsym(w.handle, "ompi_mpi_op_sum")
		return at, add
	}
	return 0x4c00040a, 0x58000003
}

// BenchmarkTree is the sum in the fixed tree beside MPI_Allreduce, whose order of sums is the library's own: 1.9 million float32 between two
// processes of one machine, the least of 41 interleaved calls each, which other work on the machine disturbs least.
func BenchmarkTree(b *testing.B) {
	if os.Getenv(inside) == "" {
		for name, command := range grouptest.Launchers(b) {
			out, err := start(b, command, 2, "-test.run", "^$", "-test.bench", "^BenchmarkTree$", "-test.benchtime", "1x")
			if err != nil {
				b.Errorf("%s: %v\n%s", name, err, out)
			}
			for line := range strings.Lines(out) {
				if strings.HasPrefix(line, "fixed tree") {
					fmt.Print(name, ": ", line)
				}
			}
		}
		return
	}
	w, err := join(launched())
	if err != nil {
		b.Fatal(err)
	}
	if w.functions["MPI_Allreduce"], err = purego.Dlsym(w.handle, "MPI_Allreduce"); err != nil {
		b.Fatal(err)
	}
	g, err := group.New(w)
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	tree, all, err := costs(w, g, 1_900_000)
	if err != nil {
		b.Fatal(err)
	}
	if g.First() {
		fmt.Printf("\nfixed tree %v, MPI_Allreduce %v: ratio %.2f\n", tree, all, float64(tree)/float64(all))
	}
}

func costs(w *world, g *group.Group, n int) (tree, all time.Duration, err error) {
	element, add := w.floats()
	of := func(bytes []byte) []float32 { return unsafe.Slice((*float32)(unsafe.Pointer(&bytes[0])), n) }
	ours, theirs, sum := make([]float32, n), w.Reserve(4*n), w.Reserve(4*n)
	for i := range ours {
		ours[i], of(theirs)[i] = float32(i), float32(i)
	}
	var trees, alls []time.Duration
	for range 41 {
		begin := time.Now()
		if err := g.Sum(ours, nil); err != nil {
			return 0, 0, err
		}
		trees, begin = append(trees, time.Since(begin)), time.Now()
		if err := w.call("MPI_Allreduce", address(theirs), address(sum), uintptr(n), element, add, w.comm); err != nil {
			return 0, 0, err
		}
		alls = append(alls, time.Since(begin))
	}
	return slices.Min(trees), slices.Min(alls), nil
}
