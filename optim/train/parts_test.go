package train

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/kernels/group"
	"drift/optim"
	"drift/optim/optimtest"
)

// outcome is the bits that a run leaves in one process: parameters, and lines of the log without their times.
type outcome struct {
	theta []float64
	log   []byte
}

// together trains in k processes, which are goroutines with a device each, and returns what each of them comes to.
func together(t *testing.T, k, parts int, dtype kernels.DType, data, network string, chunk int, o optim.Optimizer, options Options) []outcome {
	t.Helper()
	split, model := optimtest.Problem(t, data, network)
	groups, err := group.Local(k)
	if err != nil {
		t.Fatal(err)
	}
	all, failed := make([]outcome, k), make([]error, k)
	var wait sync.WaitGroup
	for rank, g := range groups {
		wait.Go(func() {
			failed[rank] = func() (err error) {
				defer func() { err = g.Agree(err) }()
				dev := devicetest.Open(1)
				defer dev.Close()
				f, err := optimtest.Begin(dev, model, split, objective.Options{DType: dtype, Chunk: chunk, Parts: parts, Group: g})
				if err != nil {
					return err
				}
				defer f.Close()
				trainer, err := New(f, o, options)
				if err != nil {
					return err
				}
				defer trainer.Close()
				var log bytes.Buffer
				lines := json.NewEncoder(&log)
				_, err = trainer.Run(context.Background(), Logging{LogEvery: 5, EvalEvery: 10, Observe: func(_ int, e *Entry) {
					if e != nil {
						own := *e
						own.Seconds = 0
						lines.Encode(own)
					}
				}})
				all[rank] = outcome{make([]float64, f.NumParams()), log.Bytes()}
				if err != nil {
					return err
				}
				return f.Parameters().Read(all[rank].theta)
			}()
		})
	}
	wait.Wait()
	for rank, err := range failed {
		if err != nil {
			t.Fatalf("process %d of %d: %v", rank, k, err)
		}
	}
	return all
}

func same(t *testing.T, what string, got []outcome, want outcome) {
	t.Helper()
	for rank, o := range got {
		if !optimtest.Same(o.theta, want.theta) {
			t.Errorf("%s: process %d of %d ends at other parameters", what, rank, len(got))
		}
		if !bytes.Equal(o.log, want.log) {
			t.Errorf("%s: process %d of %d logs\n%s\nwant\n%s", what, rank, len(got), o.log, want.log)
		}
	}
}

// A run in parts has the same bits in any number of processes, in all of them: every optimizer, with whatever it logs.
func TestRunsInPartsHaveTheSameBitsForAnyNumberOfProcesses(t *testing.T) {
	for name, r := range runs {
		t.Run(name, func(t *testing.T) {
			run := func(k int) []outcome {
				return together(t, k, 4, kernels.Float32, "glyphs,train=60,test=40,size=8", "mlp:12", 25, r.optimizer, r.options())
			}
			want := run(1)[0]
			for _, k := range devicetest.Some(1, 2, 4) {
				same(t, name, run(k), want)
			}
		})
	}
}

func TestNetworksInPartsHaveTheSameBits(t *testing.T) {
	text := filepath.Join(t.TempDir(), "verse.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("the sun and the moon, the moon and the tide. ", 7)), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, network string }{
		"cnn": {"glyphs,train=40,test=20,size=8", `{"layers":[{"conv2d":{"out":3,"kernel":3}},"tanh","flatten",{"linear":{"out":10}}]}`},
		"gpt": {"text:" + text + ",context=8", "gpt:1,2,8"},
	} {
		for kind, o := range map[string]optim.Optimizer{
			"sgd": sgd(0.1, 16), "gd": changed(optim.DefaultGD, "momentum", "0.5"), "gd-reg": runs["gd-reg"].optimizer, "sgd-reg": runs["sgd-reg"].optimizer,
			"gram": inverse("gram"), "lowrank": runs["lowrank"].optimizer, "diagonal": runs["diagonal"].optimizer, "kronecker": runs["kronecker"].optimizer,
			"isotropic": runs["isotropic"].optimizer, "noise": runs["noise"].optimizer, "adamw": runs["adamw"].optimizer,
		} {
			t.Run(fmt.Sprint(name, " by ", kind), func(t *testing.T) {
				run := func(k int) []outcome {
					return together(t, k, 4, kernels.Float32, c.data, c.network, 16, o, Options{Steps: 4, Seed: 7, MeasureEvery: 0})
				}
				want := run(1)[0]
				for _, k := range devicetest.Some(1, 2, 4) {
					same(t, name, run(k), want)
				}
			})
		}
	}
}

// Parts change the rounding of sums and nothing else: in float64 a run of ten steps stays within 1e-9 of that in one part. Runs that
// look at a sum's sign or compare it with a bound could differ by more, and none does here. Of 32 parts half have no example of a batch of 16.
func TestPartsOnlyRoundOtherwise(t *testing.T) {
	alike := 0
	for name, r := range runs {
		run := func(parts int) []float64 {
			o := Options{Steps: 10, Seed: 7}
			return together(t, 1, parts, kernels.Float64, "glyphs,train=60,test=40,size=8", "mlp:12,act=tanh", 25, r.optimizer, o)[0].theta
		}
		one, many := run(1), run(32)
		for i := range one {
			if d := math.Abs(one[i] - many[i]); !(d <= 1e-9*math.Max(1, math.Abs(one[i]))) {
				t.Errorf("%s: parameter %d is %v in one part and %v in 32", name, i, one[i], many[i])
				break
			}
		}
		if optimtest.Same(one, many) {
			alike++ // signs alone, or one chunk
		}
	}
	if alike > 3 {
		t.Errorf("%d of %d runs have the same bits in one part and in 32: are they cut at all?", alike, len(runs))
	}
}
