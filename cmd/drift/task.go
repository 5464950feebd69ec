package main

import (
	"fmt"

	"drift/cmd/drift/internal/cmdline"

	"github.com/spf13/pflag"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	_ "drift/graph/onnx" // networks in its files
	"drift/graph/weights"
	"drift/kernels"
)

// task is a network and a data set, as the commands that compute take them from their flags.
type task struct {
	data, dataDir, model string
	names                string // a file of other names for weights
	smoothing            float64
	frozen               bool // batch normalization of whichever kind is taken as frozen
	chunk                int
	recompute            objective.Recompute
	parts                int // of a pass
}

func (k *task) flags(flags *pflag.FlagSet, data, model string) {
	flags.StringVar(&k.data, "data", data, "data `spec` (drift data list shows names and options)")
	dataDir(flags, &k.dataDir)
	flags.StringVar(&k.model, "model", model, "network `spec`: "+nn.Presets+", with options such as act=tanh; a JSON file; or onnx:FILE")
	cmdline.Add(flags, &k.smoothing, "label-smoothing", 0, "ε of the cross entropy: each of C classes counts as right by ε/C, the label by 1−ε besides, in every loss that is reported (0: off)", "float", cmdline.Fraction)
	const chunk = "most examples per pass; sums over more are accumulated (0: as suits the network, up to 1,024, and 8,192 on a GPU)"
	cmdline.Add(flags, &k.chunk, "chunk", 0, chunk, "int", cmdline.AtLeast(0))
	cmdline.Add(flags, &k.recompute, "recompute", objective.RecomputeWhenFull, "activation checkpointing: compute activations again, where they are read, rather than keep them, with the same bits: off; cheap: all but products and convolutions; all; auto: where memory is short", "name", objective.ParseRecompute)
}

// partsFlag adds --parts, to commands that several processes can do together.
func (k *task) partsFlag(flags *pflag.FlagSet) {
	cmdline.Add(flags, &k.parts, "parts", 1, "`number`, a power of two, of parts that every pass over the data is cut into; up to that many processes share them, and results have the same bits for any number of processes", "number", cmdline.PowerOfTwo)
}

// namesFlag adds --names, to commands that take weights.
func (k *task) namesFlag(flags *pflag.FlagSet) {
	flags.StringVar(&k.names, "names", "", `rename the tensors of weights by this TOML `+"`file`"+` of lines "NAME IN THE FILE" = "NAME IN THE MODEL"; prefixes end in a dot`)
}

// parts are the parts of the data by their names.
var parts = map[string]objective.Part{"train": objective.Train, "test": objective.Test, "valid": objective.Valid}

// partFlag adds --part.
func partFlag(flags *pflag.FlagSet, to *string, standard string) {
	cmdline.Add(flags, to, "part", standard, "part of the data: train|test|valid", "name", cmdline.OneOf("train", "test", "valid"))
}

// load reads the data, passes on what is to be known about them, and makes the model that fits them.
func (k *task) load(a *app, seed uint64) (*data.Split, *nn.Model, error) {
	split, err := data.Load(k.data, data.Options{Dir: k.dataDir, Seed: seed})
	if err != nil {
		return nil, nil, err
	}
	a.notices(split)
	var loss nn.Loss = nn.MSE{}
	outputs := split.Train.Outputs
	if split.Train.Classes > 0 {
		loss, outputs = nn.CrossEntropy{LabelSmoothing: k.smoothing}, split.Train.Classes
	} else if k.smoothing > 0 {
		return nil, nil, usagef("--label-smoothing smooths classes, and %s holds numbers as targets: leave it out", split.Train.Name)
	}
	model, err := k.parse(split.Train.Shape, outputs, loss)
	return split, model, err
}

func (k *task) parse(input []int, outputs int, loss nn.Loss) (*nn.Model, error) {
	if k.frozen {
		return nn.ParseFrozen(k.model, input, outputs, loss)
	}
	return nn.Parse(k.model, input, outputs, loss)
}

// problem is a task on a device. Close ends both.
type problem struct {
	*objective.Objective
	device kernels.Device
	inFile map[string]string // names of the tensors in the file of weights, where there was one
}

// open puts the task on the device of the global flags. The parameters are those that PyTorch's rules draw from the seed,
// or those of the file init where it is not empty.
func (k *task) open(a *app, init string) (*problem, error) {
	split, model, err := k.load(a, a.seed)
	if err != nil {
		return nil, err
	}
	return k.place(a, split, model, init)
}

// place puts data, model and first parameters on the device.
func (k *task) place(a *app, split *data.Split, model *nn.Model, init string) (*problem, error) {
	if a.dtype == kernels.Float32 {
		if line := data.Float32Notice(split.Train); line != "" {
			a.tell("data: " + line)
		}
	}
	options, err := k.division(a, objective.Options{DType: a.dtype, Seed: a.seed, Chunk: k.chunk, Recompute: k.recompute})
	if err != nil {
		return nil, err
	}
	dev, err := a.openDevice()
	if err != nil {
		return nil, err
	}
	f, err := objective.New(dev, model, split, options)
	p := &problem{Objective: f, device: dev}
	if err == nil && f.Apart() {
		a.tell("data: " + f.Residence())
	}
	if err == nil {
		if err = k.begin(p, init); err == nil {
			err = p.sameTask(a)
		}
		if err != nil {
			f.Close()
		}
	}
	if err != nil {
		dev.Close()
		return nil, err
	}
	return p, nil
}

// begin sets the parameters to those of a file, or leaves the draw where none is named.
func (k *task) begin(p *problem, init string) error {
	if init == "" {
		return k.noNames()
	}
	values, inFile, err := k.read(init, objective.Tensors(p.Model), p.DType())
	if err != nil {
		return err
	}
	p.inFile = inFile
	return p.SetValues(values)
}

// noNames refuses --names where there are no weights to rename.
func (k *task) noNames() error {
	if k.names != "" {
		return usagef("--names renames the tensors of a file of weights, and none is given")
	}
	return nil
}

// read reads a file of tensors, under the names of --names.
func (k *task) read(path string, params []objective.Param, dt kernels.DType) (values []float64, inFile map[string]string, err error) {
	var names weights.Names
	if k.names != "" {
		if names, err = weights.ReadNames(k.names); err != nil {
			return nil, nil, err
		}
	}
	return weights.LoadNamed(path, params, dt, names)
}

// lossTitle is the loss with its name, where the model knows it.
func (p *problem) lossTitle() string {
	if m, ok := p.Model.(interface{ LossName() string }); ok {
		return "loss (" + m.LossName() + ")"
	}
	return "loss"
}

func (p *problem) Close() error {
	p.Objective.Close()
	if err := p.device.Close(); err != nil {
		return fmt.Errorf("closing %s: %w", p.device.Name(), err)
	}
	return nil
}
