package gemm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"drift/kernels"
	"drift/kernels/cpu/internal/pool"
)

// shape is a product of the benchmarks.
type shape struct {
	name           string
	transA, transB bool
	m, n, k        int
}

// shapes are squares, and the products of one training step of an MLP 784-1024-1024-10 at batch 512: y = x·Wᵀ, x̄ = ȳ·W, W̄ = ȳᵀ·x.
func shapes() []shape {
	var all []shape
	for _, n := range []int{64, 128, 256, 512, 1024, 2048} {
		all = append(all, shape{fmt.Sprint("square", n), false, false, n, n, n})
	}
	const batch = 512
	for i, w := range [][2]int{{784, 1024}, {1024, 1024}, {1024, 10}} {
		all = append(all, shape{fmt.Sprint("forward", i), false, true, batch, w[1], w[0]},
			shape{fmt.Sprint("input", i), false, false, batch, w[0], w[1]},
			shape{fmt.Sprint("weight", i), true, false, w[1], w[0], batch})
	}
	return append(all, shape{"gemv", false, true, 1, 1024, 1024}, shape{"gevm", false, false, 1, 1024, 1024},
		shape{"column", false, false, 1024, 1, 1024}, shape{"thin4", false, true, 512, 4, 1024}, shape{"few4", false, true, 4, 512, 1024},
		shape{"few10", false, true, 10, 1024, 1024}, shape{"gram16", false, true, 16, 16, 4096},
		shape{"outer", true, false, 1024, 1024, 4}, shape{"conv1", false, true, 32, 784, 25}, shape{"conv2", false, true, 64, 196, 800})
}

func (s shape) flops() float64 { return 2 * float64(s.m) * float64(s.n) * float64(s.k) }

// product makes the call of one shape.
func call[T kernels.Float](p *pool.Pool, s shape) func() {
	a, b, c := make([]T, s.m*s.k), make([]T, s.k*s.n), make([]T, s.m*s.n)
	for _, x := range [][]T{a, b} {
		for i := range x {
			x[i] = 0.5
		}
	}
	lda, ldb := s.k, s.n
	if s.transA {
		lda = s.m
	}
	if s.transB {
		ldb = s.k
	}
	return func() { Gemm(p, s.transA, s.transB, s.m, s.n, s.k, 1, a, lda, b, ldb, 0, c, s.n) }
}

func BenchmarkGemm(b *testing.B) {
	p := pool.New(0)
	defer p.Close()
	for _, s := range shapes() {
		for dtype, f := range map[string]func(){"float32": call[float32](p, s), "float64": call[float64](p, s)} {
			b.Run(dtype+"/"+s.name, func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(s.flops()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// BenchmarkAgainstOpenBLAS measures this package and OpenBLAS in turns and reports the median of their speeds' ratios (above 1:
// faster than OpenBLAS). The variable DRIFT_OPENBLAS names the library; it is looked for in Debian's place otherwise.
func BenchmarkAgainstOpenBLAS(b *testing.B) {
	p := pool.New(0)
	defer p.Close()
	peer := startPeer(b, p.Threads())
	for _, s := range shapes() {
		for _, dtype := range []string{"float32", "float64"} {
			f := call[float32](p, s)
			if dtype == "float64" {
				f = call[float64](p, s)
			}
			b.Run(dtype+"/"+s.name, func(b *testing.B) {
				var own, ratio []float64
				for b.Loop() {
					other := peer(dtype, s)
					own = append(own, seconds(f))
					ratio = append(ratio, other/own[len(own)-1])
				}
				b.ReportMetric(median(ratio), "speed/OpenBLAS")
				b.ReportMetric(s.flops()/median(own)/1e9, "GFLOP/s")
			})
		}
	}
}

const slot = 20 * time.Millisecond

// seconds is the time of the fastest call in a slot; short ones are timed in groups.
func seconds(f func()) float64 {
	start := time.Now()
	f()
	group := max(1, int(100*time.Microsecond/(time.Since(start)+1)))
	best := time.Hour
	start = time.Now()
	for before := start; before.Sub(start) < slot; {
		for range group {
			f()
		}
		now := time.Now()
		best, before = min(best, now.Sub(before)), now
	}
	return best.Seconds() / float64(group)
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

func startPeer(b *testing.B, threads int) func(dtype string, s shape) float64 {
	library := os.Getenv("DRIFT_OPENBLAS")
	if library == "" {
		library = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0"
	}
	if _, err := os.Stat(library); err != nil {
		b.Skip("no OpenBLAS: ", err)
	}
	cmd := exec.Command("python3", "../../../../bench/peers/openblas.py", library, fmt.Sprint(threads))
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Skip("no peer: ", err)
	}
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Scan() // its name
	return func(dtype string, s shape) float64 {
		fmt.Fprintf(in, `{"op": "gemm", "dtype": %q, "transA": %v, "transB": %v, "shape": [%d, %d, %d], "seconds": %g}`+"\n",
			dtype, s.transA, s.transB, s.m, s.n, s.k, slot.Seconds())
		var answer struct {
			Seconds float64
			Error   string
		}
		if !lines.Scan() {
			b.Fatal("the peer ended")
		}
		if err := json.Unmarshal(lines.Bytes(), &answer); err != nil || answer.Error != "" {
			b.Fatal(err, answer.Error)
		}
		return answer.Seconds
	}
}
