package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drift/bench/page"
	"drift/bench/study"
	"drift/cmd/drift/internal/cmdline"
	"drift/cmd/drift/internal/machine"
	"drift/data/atomicfile"
	"drift/data/suggest"
	"drift/data/untrusted"
	"drift/kernels/cuda"
	"drift/optim/options"
	"drift/optim/train"
)

// studying is drift study.
type studying struct {
	*app
	out, resume string
	dataDir     string
	shard       study.Shard
	wait        time.Duration
	chunk       int
	check, show bool
	name, text  string // of the study's file
	address     string
}

const studyLong = `study trains with every optimizer on every task with every seed, as a file says, or one of the studies that
ship with drift: paper (what Roberts 2021 says of SGD, on images made on the spot) and baselines (optimizers
in common use on three tasks). --show prints a study's file, to begin one of your own:

  name = "mine"
  seeds = 5                                  # how many from 1 on, or a list
  reference = "sgd"                          # differences are taken from it; the first by default
  budget = {updates = 2000}                  # or gradients (of one example), passes (over the data), seconds
  targets = ["accuracy >= 0.9", "loss <= 0.4"]   # on the test part
  tuning = {trials = 8}                      # also finalists = 3, again = 2, seed = 1001

  [[task]]                                   # any number; each may have a budget and targets of its own
  name = "glyphs"
  data = "glyphs,train=500,test=2000"
  model = "mlp:64"

  [[optimizer]]                              # any number; a type may be there twice, under names
  name = "momentum"
  type = "sgd"
  settings = {batch = 10}
  search = {lr = [0.01, 1], momentum = {low = 0.5, high = 0.99, scale = "complement"}, schedule = ["constant", "cosine"]}

Tuning gives every optimizer the same number of trials on each task: points that fill its search space evenly
(Halton's, shifted by the seed), or, without one, what its options offer. Trials are judged by the loss on the
validation part (data option valid=), or on a fifth of the training examples held out; the test part is not
looked at. The best few (finalists) are run again on further seeds (again), and the one chosen whose loss
exceeds the best of them on the same seed least, by mean plus standard deviation; one that diverges on any
seed is out. tune = false leaves an optimizer at its settings. What tuning cost is reported.

The folder --out gets study.json, curves.csv (task, optimizer, seed, step, metric, value), runs.csv, seconds.csv,
tables.md and tables.tex, figures (png, svg, pdf) and report.html. There are means with 95 % intervals;
medians and quartiles where runs diverge; differences from the reference seed by seed, with effect sizes and
probabilities by the paired t test (the sign test where runs diverge), corrected for their number by Holm's
method; what targets cost; and the performance profile over targets.

Every finished run is a file in cells/ there. A study that was stopped, by kill -9 too, goes on with --resume
and comes to the same bytes, but for seconds. --shard 3/16 does every 16th run, from the third (counted from 0)
on, and writes no results; several may work in one folder at once, on any machines that share it. Runs that
follow from trials of other shards wait for these: for as long as --wait says, while others still finish some.
--resume then merges, and does what is missing.`

const studyExample = `  drift study paper --out paper
  drift study --resume paper
  drift study baselines --show > mine.toml
  drift study mine.toml --check
  drift study mine.toml --out mine --shard $SLURM_ARRAY_TASK_ID/16 --wait 1h
  drift study --resume mine`

func (a *app) studyCommand() *cobra.Command {
	s := &studying{app: a}
	cmd := &cobra.Command{
		Use: "study FILE|NAME", Short: "Compare optimizers on several tasks, tuned, as a file says", Long: studyLong, Example: studyExample,
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(cmd.Context(), args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&s.out, "out", "study", "`folder` for results; what is finished there of the same study is kept")
	flags.StringVar(&s.resume, "resume", "", "go on with the study in this `folder`, and merge its shards")
	cmdline.Add(flags, &s.shard, "shard", study.Shard{}, "do only every n-th run, from the i-th on, and write no results: `i/n`", "i/n", study.ParseShard)
	serveFlag(flags, &s.address)
	flags.DurationVar(&s.wait, "wait", 0, "with --shard, how long to wait for runs of other shards that a run follows from")
	flags.BoolVar(&s.check, "check", false, "only check the study and say how many runs it has")
	flags.BoolVar(&s.show, "show", false, "only print the study's file")
	dataDir(flags, &s.dataDir)
	cmdline.Add(flags, &s.chunk, "chunk", 0, "most examples to work on at once; more are added up (0: what suits the device)", "int", cmdline.AtLeast(0))
	return cmd
}

func (s *studying) run(ctx context.Context, args []string) (err error) {
	if err := s.read(args); err != nil {
		return err
	}
	if s.show {
		_, err := io.WriteString(s.stdout, s.text)
		return err
	}
	of, err := study.Parse(s.name, s.text)
	if err != nil {
		return usageError{inTheFile(err)}
	}
	o := s.studyOptions()
	cells, err := of.Check(o)
	if err != nil {
		return usageError{inTheFile(err)}
	}
	if s.check {
		fmt.Fprintf(s.human(), "%s: %d tasks, %d optimizers, %d seeds: %d runs with those of tuning\n", s.name, len(of.Tasks), len(of.Optimizers), len(of.Seeds), cells)
		return nil
	}
	served, err := s.serve(s.address, s.out)
	if err != nil {
		return err
	}
	defer func() { err = closing(served, err) }()
	if err := s.begin(); err != nil {
		return err
	}
	show := s.progress("studying", "runs", cells)
	o.Observe = func(n study.News) { tell(show, n) }
	defer show.Close()
	if s.shard.Of > 0 {
		return s.part(ctx, of, o)
	}
	outcome, err := of.Run(ctx, o)
	show.Close()
	if err != nil {
		return s.stopped(err)
	}
	return s.deliver(outcome)
}

// inTheFile keeps the names that options have in a study's file, which are no flags.
func inTheFile(err error) error {
	var unfit options.Unfit
	var wrong options.Error
	if errors.As(err, &unfit) || errors.As(err, &wrong) {
		return errors.New(err.Error())
	}
	return err
}

// read finds the study's file.
func (s *studying) read(args []string) error {
	for _, flag := range []string{"dtype", "seed"} {
		if s.given(flag) {
			return usagef("--%s: a study's file says that: give %s there", flag, map[string]string{"dtype": "dtype", "seed": "seeds"}[flag])
		}
	}
	if s.wait != 0 && s.shard.Of == 0 {
		return usagef("--wait is for shards: give --shard, or leave it out")
	}
	switch {
	case s.resume != "" && len(args) > 0:
		return usagef("--resume takes the study of the folder: leave %q out", args[0])
	case s.resume != "" && s.given("out"):
		return usagef("--resume writes into the folder itself: leave --out out")
	case s.resume != "":
		s.out = s.resume
		return s.readFile(filepath.Join(s.resume, study.FileName))
	case len(args) != 1:
		return usagef("study needs one file, or the name of a study: %s", strings.Join(study.Names(), ", "))
	}
	if text, found := study.Embedded(args[0]); found {
		s.name, s.text = args[0], text
		return nil
	}
	return s.readFile(args[0])
}

func (s *studying) readFile(path string) error {
	s.name = path
	if s.resume != "" {
		s.name = filepath.Base(filepath.Clean(s.resume)) + "/" + study.FileName
	}
	text, err := untrusted.ReadAll(path, study.LargestFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.resume != "":
		return fmt.Errorf("resuming the study in %s: it holds no %s: start one with drift study FILE --out %s", s.resume, study.FileName, s.resume)
	case errors.Is(err, fs.ErrNotExist):
		return usagef("%s is no file, and no study that ships with drift: give a file, or %s", path, suggest.Choose(path, study.Names()))
	case err != nil:
		return usagef("reading the study: %w: give a TOML file", err)
	}
	s.text = string(text)
	return nil
}

func (s *studying) studyOptions() study.Options {
	device := machine.Resolve(s.device, cuda.Probe())
	kind, _, _ := strings.Cut(device, ":")
	return study.Options{Dir: s.out, Device: s.openDevice, DataDir: s.dataDir, Chunk: s.chunk, Loaded: s.notices,
		Version: fmt.Sprint(machine.Version(), " ", kind, " ", s.precision, " ", s.chunk)}
}

// begin makes the folder, puts the study's file there, and refuses a folder with another study.
func (s *studying) begin() error {
	if err := prepareFolder(s.out, study.FileName); err != nil {
		return err
	}
	path := filepath.Join(s.out, study.FileName)
	old, err := os.ReadFile(path)
	switch {
	case err == nil && string(old) == s.text:
		return nil
	case err == nil:
		return usagef("--out: %s holds another study: name another folder", s.out)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("preparing the folder for results: %w", err)
	}
	if err := atomicfile.WriteShared(path, func(w io.Writer) error { _, err := io.WriteString(w, s.text); return err }); err != nil {
		return fmt.Errorf("preparing the folder for results: %w", err)
	}
	return nil
}

func (s *studying) stopped(err error) error {
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("studying: %w: go on with drift study --resume %s", train.ErrInterrupted, s.out)
	}
	return fmt.Errorf("studying: %w", err)
}

// pause is between looks at what other shards have finished.
const pause = 2 * time.Second

// part does a shard, and waits for others as long as they get on.
func (s *studying) part(ctx context.Context, of study.Study, o study.Options) error {
	o.Shard = s.shard
	last, waiting := time.Now(), -1
	for {
		p, err := of.RunShard(ctx, o)
		if err != nil {
			return s.stopped(err)
		}
		if p.Waiting == 0 {
			fmt.Fprintf(s.human(), "Shard %s is done, %d runs: drift study --resume %s merges all\n", s.shard, p.Cells, s.out)
			return s.writeJSON(shardDone{s.shard.String(), p.Cells, 0})
		}
		if p.Waiting != waiting {
			last, waiting = time.Now(), p.Waiting
		}
		switch {
		case s.wait == 0:
			fmt.Fprintf(s.human(), "Shard %s: %d of %d runs are done; %d follow from runs of other shards: run it again after those, or merge with drift study --resume %s, which does them\n",
				s.shard, p.Done, p.Cells, p.Waiting, s.out)
			return s.writeJSON(shardDone{s.shard.String(), p.Done, p.Waiting})
		case time.Since(last) > s.wait:
			return fmt.Errorf("studying: %d of %d runs of shard %s follow from runs that other shards have not finished in %v: run it again, or merge with drift study --resume %s, which does them",
				p.Waiting, p.Cells, s.shard, s.wait, s.out)
		}
		select {
		case <-ctx.Done():
			return s.stopped(train.ErrInterrupted)
		case <-time.After(min(pause, s.wait)):
		}
	}
}

// shardDone is the result of a shard for --json.
type shardDone struct {
	Shard   string `json:"shard"`
	Done    int    `json:"done"`
	Waiting int    `json:"waiting"`
}

// deliver writes the files, then shows the tables.
func (s *studying) deliver(outcome *study.Outcome) error {
	err := outcome.WriteFiles(s.out)
	if err == nil {
		err = s.writePage()
	}
	if shown := s.showStudy(outcome); err == nil {
		err = shown
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.human(), "Tables, curves and figures are in %s; open %s in a browser\n", s.out, filepath.Join(s.out, "report.html"))
	return s.writeJSON(outcome)
}

func (s *studying) writePage() error {
	results, err := page.Read(s.out)
	if err == nil {
		err = atomicfile.WriteShared(filepath.Join(s.out, "report.html"), func(w io.Writer) error { _, err := results.WriteTo(w); return err })
	}
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

func (s *studying) showStudy(outcome *study.Outcome) error {
	w := s.human()
	for _, t := range outcome.Tables {
		fmt.Fprintln(w, t.Title)
		if _, err := t.WriteTo(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for _, line := range outcome.Warnings {
		fmt.Fprintln(w, line)
	}
	return nil
}
