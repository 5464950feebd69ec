package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"drift/cmd/drift/internal/cmdline"
	"drift/cmd/drift/internal/machine"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/bench/report"
	"drift/bench/tensorboard"
	"drift/data/atomicfile"
	"drift/graph/objective"
	"drift/graph/weights"
	"drift/kernels"
	"drift/optim"
	"drift/optim/options"
	"drift/optim/rundir"
	"drift/optim/train"
)

// training is drift train.
type training struct {
	*app
	task
	recipe
	name, init, out, resume  string // name: of the optimizer
	tensorboard, address     string
	logEvery, evalEvery      every
	checkpointEvery, measure every
	ema                      float64
	evalExamples             sampleSize
	logging                  train.Logging
}

const trainLong = `train trains one network. With --out it keeps a folder: config.toml (all settings; --config starts
the same run again), metrics.jsonl (one JSON object per logged step), checkpoint/ and
weights.safetensors (named as in the file of --init, else as in PyTorch's nn.Sequential). --resume
continues such a run however it ended, by kill -9 too, and gives the same bits as a run that was not
interrupted. --steps or --epochs beside --resume make a run longer, also a finished one; a schedule is
then that of the longer run. Where the data have a validation part (valid=0.1), the weights of the
evaluation (--eval-every) with the least validation loss are in weights-best.safetensors from that
evaluation on, whatever becomes of the run, and with --ema B their moving average in
weights-ema.safetensors at its end.

Test loss, accuracy and the training loss at the end are means over the parts of the data. Of a part of
more than 100,000 examples they are estimated from 10,000 random ones, the same all along the run,
with a 95 % interval in the table and standard errors in the log: --eval-examples all evaluates the
whole parts, and N samples all that are larger than N.

Optimizers: sgd uses minibatches; gd uses all examples in every step; gd-reg uses all examples and
adds λ tr Σ to the loss, where Σ is the covariance of the per-example gradients. With
--emulate-batch B, λ is chosen so that it follows SGD with batches of B in the mean over shuffles:
without momentum λ = ((m−1)/4)·η/N with m = ⌈N/B⌉ batches an epoch, which is (η/4)(1/B − 1/N) if B
divides N. gd-noise uses all examples and adds noise as strong as that of batches of B. sgd-reg is
gd-reg on batches of --batch that imitate smaller ones of --emulate-batch: λ = (η/4)(1/b − 1/B).
sigma-inverse uses minibatches and steps along (Σ+δI)⁻¹ḡ. gradient-penalty adds --lambda ‖∇ℓ‖² to the
loss of batches (Barrett and Dherin 2021). adamw, adam, nadam, rmsprop, adagrad and
adafactor follow PyTorch; sam, lion, shampoo, kfac, ekfac, sophia and fisher-penalty their papers, and muon
its authors' code. kfac, ekfac, sophia and fisher-penalty draw labels from what the network says.

With --every N these are measured every N steps on random examples, and logged:

  tr_sigma, grad_tr_sigma_norm2  tr Σ, ‖∂tr Σ‖²
  expected_grad_norm2            ‖G‖², the part of ‖ḡ‖² that is not noise of the sample
  noise_scale                    tr Σ/‖G‖² of running means over about ten measurements, left out where
                                 the mean of ‖G‖² is not positive
  sigma_eigenvalue_1 to 3        Σ's leading eigenvalues, which a small sample overestimates: the largest is
                                 at least tr Σ/(sampled − 1)
  update_norm, distance          ‖θ_t − θ_{t−1}‖ of the step just taken, and ‖θ_t − θ_0‖
  norm_test, inner_product_test  relative standard deviations of a batch's gradient: of all of it,
                                 √(tr Σ/B)/‖G‖, and of its part along G, √(G·ΣG/B)/‖G‖²; left out where
                                 the sample's ‖G‖² is not positive
  alpha                          where the loss would have been least along the step, from its slopes before
                                 and after it on the sample: −1 far beyond the step, 0 at its end, 1 halfway
  gap_gradient                   G·(G − G_test), expected gradients of training and test examples
  gap_drift_measured             change of the gap, test loss − training loss, since the previous
                                 measurement, on fixed examples
  gap_drift_predicted            its first term in the mean: η tr Σ/N, added up over the steps between
                                 (momentum μ: η/(1−μ))
  gap_drift_gradient             its second term, η G·(G − G_test), added up likewise
  sampled                        number of training examples, and of test examples, used; it keeps the
                                 cost below a twentieth of the run's

They are of images as they are in the data, without the random changes of augment=, and of the network
without dropout: those of a step's own examples differ. Apart from the noise scale and the eigenvalues
the estimates are unbiased; on few examples they are
noisy, and ‖∂tr Σ‖² and ‖G‖² can come out negative. Optimizers that compute tr Σ themselves log theirs,
over the examples of the step. The drift terms assume steps along the gradient: they ignore clipping,
weight decay and gd-reg's penalty, and are left out for sigma-inverse. If a twentieth of N steps is
less than a measurement on 4 examples, measurements become rarer after the first 32, at multiples of N.
Beside metrics.jsonl, distributions.jsonl then has the quantiles of each parameter tensor's values.`

const trainExample = `  drift train
  drift train --data fashion-mnist --model cnn --lr 0.05 --momentum 0.9 --schedule cosine --batch 64 --epochs 3 --out run
  drift train --resume run
  drift train --resume run --epochs 20
  drift train --optimizer gd-reg --emulate-batch 10 --data glyphs,train=500,label-noise=0.2 --lr 0.1 --steps 2000
  drift train --optimizer sigma-inverse --damping 0.1 --batch 64 --lr 0.02`

func (a *app) trainCommand() *cobra.Command {
	t := &training{app: a}
	cmd := &cobra.Command{
		Use: "train", Short: "Train one network", Long: trainLong, Example: trainExample, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.run(cmd.Context(), cmd.Flags()) },
	}
	t.flags(cmd.Flags())
	return cmd
}

func (t *training) flags(flags *pflag.FlagSet) {
	t.task.flags(flags, "glyphs", "mlp:256")
	t.partsFlag(flags)
	cmdline.Add(flags, &t.name, "optimizer", "sgd", "update rule: "+strings.Join(optim.Names(), "|"), "name", cmdline.OneOf(optim.Names()...))
	t.recipe.flags(flags, nil, train.Options{Epochs: 10})
	flags.StringVar(&t.init, "init", "", "start from the weights in this `file` (safetensors, or PyTorch's .pt, .pth)")
	t.namesFlag(flags)
	flags.StringVar(&t.out, "out", "", "keep the run in this new `folder`")
	flags.StringVar(&t.resume, "resume", "", "go on with the run in this `folder`, with its settings")
	flags.StringVar(&t.tensorboard, "tensorboard", "", "write event files for TensorBoard to this `folder`; with --resume, continue those in it")
	serveFlag(flags, &t.address)
	cmdline.Add(flags, &t.ema, "ema", 0, "β of an exponential moving average of the weights, such as 0.999: it is evaluated beside them and kept in weights-ema.safetensors (0: none)", "float", cmdline.Fraction)
	cmdline.Add(flags, &t.checkpointEvery, "checkpoint-every", every{500, false}, "steps or epochs between checkpoints (0: only at the end)", "int", parseEvery)
	cmdline.Add(flags, &t.evalEvery, "eval-every", every{500, false}, "steps or epochs between evaluations on the test part (0: only at the end)", "int", parseEvery)
	t.evalExamples.flag(flags, "eval-examples")
	cmdline.Add(flags, &t.measure, "every", every{}, "steps or epochs between measurements of Σ and of the gap's drift, see above (0: never)", "int", parseEvery)
	cmdline.Add(flags, &t.logEvery, "log-every", every{50, false}, "steps or epochs between lines of metrics.jsonl (0: only at evaluations)", "int", parseEvery)
}

func (t *training) run(ctx context.Context, flags *pflag.FlagSet) (err error) {
	if !t.group.First() {
		t.address, t.tensorboard = "", ""
	}
	if t.resume != "" {
		if err := t.readRun(flags); err != nil {
			return err
		}
		defer func() { err = closing(t.logging.Dir, err) }()
	}
	p, o, run, err := t.start()
	if err != nil {
		return err
	}
	defer func() { err = closing(p, err) }()
	t.note(t.options.Idle(t.given, t.name)...)
	if t.out == "" && t.resume == "" {
		t.note("nothing of this run is kept: --out FOLDER keeps it")
	}
	trainer, err := train.New(p.Objective, o, run)
	if err != nil {
		return err
	}
	defer trainer.Close()
	if err := t.checkBoard(); err != nil {
		return err
	}
	page, err := t.serve(t.address, t.out+t.resume)
	if err != nil {
		return err
	}
	defer func() { err = closing(page, err) }()
	if t.out != "" {
		if err := t.startRun(flags, p.Model, trainer); err != nil {
			return err
		}
		defer func() { err = closing(t.logging.Dir, err) }()
	}
	return t.trainAndDeliver(ctx, p, trainer, flags)
}

// start puts the task on its device, and is the optimizer and the run that the flags ask for.
func (t *training) start() (*problem, optim.Optimizer, train.Options, error) {
	p, err := t.open(t.app, t.init)
	if err != nil {
		return nil, nil, train.Options{}, err
	}
	o, run, err := t.resolve(p.Examples(objective.Train))
	if err != nil {
		return nil, nil, run, closing(p, err)
	}
	return p, o, run, nil
}

// resolve is the optimizer and the run that the flags ask for on n examples.
func (t *training) resolve(examples int) (optim.Optimizer, train.Options, error) {
	run, err := t.length(t.given)
	if err != nil {
		return nil, run, err
	}
	o, err := t.optimizer(cmdline.Choice{Name: t.name}, examples, t.given)
	if err != nil {
		return nil, run, err
	}
	epoch := optim.BatchesPerEpoch(o, examples)
	run.Seed, run.MeasureEvery, run.EMA, run.EvalExamples = t.seed, t.measure.steps(epoch), t.ema, int(t.evalExamples)
	l := &t.logging
	l.LogEvery, l.EvalEvery, l.CheckpointEvery = t.logEvery.steps(epoch), t.evalEvery.steps(epoch), t.checkpointEvery.steps(epoch)
	if run, err = check(t.name, o, run, examples); err != nil {
		return nil, run, err
	}
	if _, size := o.Batches(examples); !options.Has(o, "batch") && t.given("batch") && t.options.Text("batch") != "full" && t.options.Text("batch") != fmt.Sprint(size) {
		return nil, run, usagef("%s takes all %d examples a step: leave the batch size %s out, or choose sgd", t.name, examples, t.options.Text("batch"))
	}
	return o, run, nil
}

// trainAndDeliver takes the steps that are left of the run and delivers its result.
func (t *training) trainAndDeliver(ctx context.Context, p *problem, trainer *train.Trainer, flags *pflag.FlagSet) error {
	if t.resume != "" {
		if err := trainer.Resume(t.logging.Dir); err != nil {
			return err
		}
		if t.given("steps") || t.given("epochs") {
			if err := t.extendRun(flags, p.Model, trainer); err != nil {
				return err
			}
		}
	}
	if dir := t.logging.Dir; dir != nil {
		if err := machine.Record(dir.File(rundir.MachineName), trainer.StepsTaken(), machine.Using(p.device.Name(), t.threads)); err != nil {
			return err
		}
	}
	b, err := t.openBoard(flags, p.Model, trainer)
	if err != nil {
		return err
	}
	if t.logging.Dir != nil {
		t.logging.Improved = func(train.Best) error { return t.writeWeights(p, rundir.BestName, trainer.Best()) }
	}
	result, err := t.train(ctx, trainer, b)
	if err = errors.Join(err, b.Close()); err != nil {
		return err
	}
	return t.deliver(p, trainer, result)
}

// closing closes c and keeps the first error.
func closing(c io.Closer, err error) error {
	if closed := c.Close(); err == nil {
		err = closed
	}
	return err
}

func (t *training) train(ctx context.Context, trainer *train.Trainer, b *tensorboard.Run) (train.Result, error) {
	show := t.progress("training", "steps", trainer.Options.Steps)
	defer show.Close()
	note := ""
	t.logging.Observe = func(step int, e *train.Entry) {
		if e != nil {
			b.Log(e)
			plot(show, e)
			note = "loss " + report.Format(e.Loss)
			if e.TestAccuracy != nil {
				note += ", test accuracy " + report.Format(*e.TestAccuracy)
			}
			if show.Draws() {
				note = "" // the curves say it
			}
		}
		show.Set(step, note)
	}
	return trainer.Run(ctx, t.logging)
}

// deliver writes the weights and shows how the run ended.
func (t *training) deliver(p *problem, trainer *train.Trainer, r train.Result) error {
	for name, from := range map[string]kernels.Buffer{rundir.WeightsName: p.Parameters(), rundir.AverageName: trainer.Average(), rundir.BestName: trainer.Best()} {
		if t.logging.Dir == nil || from == nil {
			continue
		}
		if err := t.writeWeights(p, name, from); err != nil {
			return err
		}
	}
	if _, err := outcome(r, p).WriteTo(t.human()); err != nil {
		return err
	}
	if folder := t.out + t.resume; folder != "" { // never both
		t.tellFolder("Log, checkpoint and weights", folder)
	}
	return t.writeJSON(r)
}

// writeWeights writes parameters, and the model's buffers, to a file of the run's folder.
func (t *training) writeWeights(p *problem, name string, from kernels.Buffer) error {
	values, err := p.Values()
	if err == nil {
		err = from.Read(values[:from.Len()])
	}
	if err != nil {
		return fmt.Errorf("reading the weights: %w", err)
	}
	err = atomicfile.Write(t.logging.Dir.File(name), func(w io.Writer) error {
		return weights.Write(w, weights.Renamed(objective.Tensors(p.Model), p.inFile), p.DType(), weights.Vector{Values: values})
	})
	if err != nil {
		return fmt.Errorf("writing the weights: %w", err)
	}
	return nil
}
