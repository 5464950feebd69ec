package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"drift/cmd/drift/internal/cmdline"
	"drift/cmd/drift/internal/machine"

	"github.com/spf13/cobra"

	"drift/bench/peers"
	"drift/bench/timing"
	"drift/data/atomicfile"
	"drift/kernels"
	"drift/kernels/cuda"
)

// benchmark is drift bench.
type benchmark struct {
	*app
	only     *regexp.Regexp
	each     time.Duration
	peers    string
	clock    string
	markdown string
	profile  string
	count    bool
	small    bool
}

const benchLong = `bench times matrix products, the other primitives and whole training steps (gradient, SGD step, tr Σ,
exact ∂tr Σ, Hessian products, Σv, sigma-inverse), and compares them with OpenBLAS and PyTorch if
this machine has them, and with the plain gradient of the same batch. The two sides are timed in turns;
the result is the median of the ratios of neighbouring turns, and their range shows how reliable it is.
PyTorch runs with one thread and with all, and the faster counts. Matrix products are timed in float32
and float64, everything else in --dtype. Run nothing else on the machine meanwhile.

GFLOP/s of products and of whole steps (which count the arithmetic of their products alone) are given as a share of the
processor's peak too: what fused multiply-adds that touch no memory reach on the same threads, measured in the same process
right before and after. Without AVX2, AVX-512 or NEON, and on a GPU, it is left out.

Cases: gemm/TYPE/SHAPE, map/…, update/…, sum/…, softmax, cross-entropy, conv1/…, conv2/…, maxpool/…,
mlp/…, cnn/…, resnet20/… and gpt/…, and resnet18/… where --only names it; readme selects those of the README's table,
gpu the steps large enough for a GPU (gpu/…).

--profile FILE tells where the time of steps goes instead: for each kind of call its sizes, bytes and operations
(each operand once, so the least that it must move), time, and share of the ceiling, which is the bandwidth of a copy and the
rate of a matrix product, measured in the same process; and the time between programs, with which the rows add up to the step. On a GPU every kernel then runs by itself between two events.
--count computes nothing and counts the calls of a step, their bytes and operations, which are the same on every device.`

const benchExample = `  drift bench
  drift bench --only readme --time 5s --markdown table.md
  drift bench --only '^gemm/float32' --threads 1 --clock cpu
  drift bench --only '^(mlp|cnn)/' --peers none --json steps.json
  drift bench --profile profile.json --only '^resnet20/sgd'
  drift bench --count --only 'gpu/mlp'
  drift bench --device cuda --precision tf32 --only gpu --json gpu.json`

func (a *app) benchCommand() *cobra.Command {
	b := &benchmark{app: a}
	cmd := &cobra.Command{
		Use: "bench", Short: "Time primitives and whole steps, beside libraries found on the machine",
		Long: benchLong, Example: benchExample, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	cmdline.Add(flags, &b.only, "only", regexp.MustCompile(""), "time only the cases whose names match", "regexp", regexp.Compile)
	cmdline.Add(flags, &b.each, "time", 2*time.Second, "time for each case, such as 5s or 500ms", "duration", positiveDuration)
	cmdline.Add(flags, &b.peers, "peers", "auto", "libraries to compare with: auto (those found) or none", "name", cmdline.OneOf("auto", "none"))
	cmdline.Add(flags, &b.clock, "clock", "wall", "wall time, or cpu time (for a busy machine, with --threads 1)", "name",
		cmdline.OneOf(slices.Sorted(maps.Keys(timing.Clocks()))...))
	flags.StringVar(&b.profile, "profile", "", "write a profile of the steps to this `file` as JSON, instead of timing them")
	flags.BoolVar(&b.count, "count", false, "count calls, bytes and operations of the steps, instead of timing them")
	flags.BoolVar(&b.small, "small", false, "run the cases of gpu/ with tiny networks, as a test")
	flags.StringVar(&b.markdown, "markdown", "", "write the tables as Markdown to this `file`")
	return cmd
}

func positiveDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("got %q: give a time above 0 with its unit, such as 500ms or 5s", s)
	}
	return d, nil
}

// busy is the load average from which on other work disturbs the measurement.
const busy = 0.5

// chosen is the cases that --only names.
func (b *benchmark) chosen(all []timing.Case) []timing.Case {
	var some []timing.Case
	for _, c := range all {
		if b.wants(c.Name) {
			some = append(some, c)
		}
	}
	return some
}

// wants reports whether --only names a case. Those that take a GPU or much time are not meant where it does not mention them.
func (b *benchmark) wants(name string) bool {
	switch only := b.only.String(); {
	case only == "readme":
		return timing.Claimed(name)
	case only == "gpu":
		return timing.ForGPU(name)
	case only == "" && b.count:
		return timing.InCountTable(name)
	case timing.ForGPU(name):
		return strings.Contains(only, "gpu") && b.only.MatchString(name)
	case timing.OnRequest(name):
		return strings.Contains(only, "resnet18") && b.only.MatchString(name)
	case only == "" && b.profile != "":
		return strings.HasSuffix(name, "/sgd")
	}
	return b.only.MatchString(name)
}

func (b *benchmark) run(ctx context.Context) (err error) {
	all := append(timing.Cases(b.dtype), timing.GPUCases(b.dtype, b.small)...)
	some := b.chosen(all)
	if len(some) == 0 {
		return usagef("--only: no case matches %q: names are like gemm/float32/512, map/exp and mlp/sgd", b.only)
	}
	for flag, path := range map[string]string{"markdown": b.markdown, "profile": b.profile} {
		if path == "" {
			continue
		}
		if err := checkWritable(flag, path, "a file"); err != nil {
			return err
		}
	}
	switch {
	case b.count && b.profile != "":
		return usagef("--count and --profile exclude each other")
	case b.count:
		return b.runCount(ctx, some)
	case b.profile != "":
		return b.runProfile(ctx, some)
	}
	dev, err := b.openDevice()
	if err != nil {
		return err
	}
	defer func() { err = closing(dev, err) }()
	report := &timing.Report{Machine: b.machine(dev)}
	if report.Machine.Load > busy && b.clock == "wall" {
		report.Note("the machine was busy with other work (load average %.2g): repeat this when it is not", report.Machine.Load)
	}
	found := b.findPeers(ctx, dev, report)
	for _, p := range found {
		defer p.Close()
	}
	bench := &timing.Bench{Device: dev, Peers: found, Time: b.each, Clock: b.clock, Cases: all}
	if err := b.measure(ctx, bench, some, report); err != nil {
		return err
	}
	if b.dtype == kernels.Float32 {
		report.Judge()
	}
	if err := b.deliver(report); err != nil {
		return err
	}
	if n := len(report.Cases); n < len(some) {
		return fmt.Errorf("timing: interrupted after %d of %d cases, which are reported", n, len(some))
	}
	return nil
}

// measure adds the results of the cases to the report, all or those before an interrupt.
func (b *benchmark) measure(ctx context.Context, bench *timing.Bench, some []timing.Case, report *timing.Report) error {
	bar := b.progress("timing", "cases", len(some))
	defer bar.Close()
	for k, c := range some {
		bar.Set(k, c.Name)
		r, err := bench.Measure(ctx, c)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		report.Add(r)
		report.Device, _ = reportOf(bench.Device)
		if err := b.keep(report); err != nil {
			return err
		}
	}
	return nil
}

// keep writes what there is so far to the file of --json, so that it is there if the process is ended.
func (b *benchmark) keep(r *timing.Report) error {
	if b.json == "" || b.json == "-" || special(b.json) {
		return nil
	}
	return b.writeJSON(r)
}

// reportOf is what a GPU found out about its libraries.
func reportOf(dev kernels.Device) (*cuda.Report, bool) {
	r, ok := cuda.ReportOf(dev)
	if !ok {
		return nil, false
	}
	return &r, true
}

// findPeers starts the peers, which work on the processor as the device must do to be compared.
func (b *benchmark) findPeers(ctx context.Context, dev kernels.Device, report *timing.Report) []*peers.Peer {
	if b.peers == "none" {
		return nil
	}
	if dev.Name() != "cpu" {
		report.Note("no peers: they work on the processor, not on %s", dev.Name())
		return nil
	}
	found, notes := peers.Find(ctx, report.Machine.Threads)
	if ctx.Err() != nil {
		return found // what an interrupt cut short is no finding about the machine
	}
	for _, n := range notes {
		report.Note("%s", n)
	}
	for _, p := range found {
		report.Machine.Peers = append(report.Machine.Peers, p.Label())
	}
	return found
}

func (b *benchmark) machine(dev kernels.Device) timing.Setup {
	e := machine.Find(b.device, b.threads)
	return timing.Setup{Processor: e.CPU.Model, Features: e.CPU.Features, Forced: os.Getenv("DRIFT_CPU"), Threads: e.CPU.Used,
		Device: dev.Name(), Go: runtime.Version(), DType: b.dtype.String(), Clock: b.clock, Load: machine.Load()}
}

func (b *benchmark) deliver(r *timing.Report) error {
	if err := r.Write(b.human(), false); err != nil {
		return err
	}
	if b.markdown != "" {
		if err := atomicfile.Write(b.markdown, func(w io.Writer) error { return r.Write(w, true) }); err != nil {
			return fmt.Errorf("writing the tables: %w", err)
		}
	}
	return b.writeJSON(r)
}
