package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"drift/cmd/drift/internal/cmdline"

	"github.com/spf13/cobra"

	"drift/bench/report"
	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
)

// description is drift model.
type description struct {
	*app
	task
	batch            int
	weights, convert string
	save             []string
}

const modelLong = `model shows a network layer by layer: output shapes, parameters with their names and shapes, the
multiplications of a forward pass for one example (a gradient takes about three times that number),
and the memory that the gradient of a batch needs. The inputs and outputs of a preset follow from
--data; a JSON description may state them itself. --json also writes the network as JSON with all
attributes.

Presets are ` + nn.Presets + `,
with options behind commas, as in resnet20,norm=frozen:
` + nn.PresetOptions + `

--convert replaces normalizations: groupnorm puts groups in the place of batch normalization, frozen
makes batch normalization use its running statistics, and puts it in the place of groups. A network
whose batch normalization uses the statistics of its batches is read here, and only here.

--save writes the network (.json), or the weights of --weights, or else those that training would
start from with --seed: as safetensors (.safetensors) or for torch.load (.pt, .pth), in the precision
of --dtype and under the names that they came with; or network and weights together as ONNX (.onnx),
in operators of version 17 with the batch left open, and for a network onnx:FILE as that file with
other weights. Weights whose names are not the network's are shown beside the likeliest tensors of
the network; --names renames them.`

const modelExample = `  drift model lenet --data glyphs
  drift model gpt:4,4,128 --data text:tinyshakespeare.txt,context=64 --batch 12
  drift model net.json --json -
  drift model resnet18,norm=frozen --data cifar10 --weights resnet18.pth --save resnet18.safetensors
  drift model lenet --data fashion-mnist --weights run/weights.safetensors --save lenet.onnx
  drift model net.json --convert groupnorm --save grouped.json,grouped.pt`

func (a *app) modelCommand() *cobra.Command {
	d := &description{app: a}
	cmd := &cobra.Command{
		Use: "model SPEC", Short: "Show a network: layers, shapes, parameters, arithmetic and memory", Long: modelLong, Example: modelExample,
		Args: oneArgument("a network spec, such as mlp:256 or a JSON file"),
		RunE: func(_ *cobra.Command, args []string) error { d.model = args[0]; return d.run() },
	}
	flags := cmd.Flags()
	flags.StringVar(&d.data, "data", "", "data `spec` that input and outputs follow from")
	dataDir(flags, &d.dataDir)
	flags.StringVar(&d.weights, "weights", "", "the weights in this `file` (safetensors, or PyTorch's .pt, .pth), for --save")
	d.namesFlag(flags)
	cmdline.Add(flags, &d.convert, "convert", "", "replace normalizations: groupnorm|frozen", "name", cmdline.OneOf("", "groupnorm", "frozen"))
	cmdline.AddList(flags, &d.save, "save", nil, "write network and weights to these files: FILE.json|.safetensors|.pt|.pth|.onnx", "files", savable)
	cmdline.Add(flags, &d.batch, "batch", 64, "batch size for which the memory of a gradient is shown", "int", cmdline.AtLeast(1))
	return cmd
}

func (d *description) describe(model *nn.Model) error {
	bytes, err := d.gradientBytes(model)
	if err != nil {
		return err
	}
	w := d.human()
	fmt.Fprintf(w, "input %s, loss %s\n\n", shapeText(model.Input.Shape), model.LossName())
	if _, err := layerTable(model).WriteTo(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if _, err := parameterTable(model).WriteTo(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s parameters (%s), %s multiplications a forward pass of one example;\na gradient of %d examples works in %s\n",
		report.Format(float64(model.NumParams())), report.Bytes(int64(model.NumParams())*int64(d.dtype.Size())), report.Format(float64(model.Products())), d.batch, report.Bytes(bytes))
	return d.writeJSON(d.result(model, bytes))
}

// parse makes the model, for the data where they are given.
func (d *description) parse() (*nn.Model, error) {
	if d.data == "" {
		return d.task.parse(nil, 0, nil)
	}
	_, model, err := d.load(d.app, d.seed)
	return model, err
}

// gradientBytes is the memory that a gradient of a batch works in, besides data, parameters and the gradient. One example of zeros
// stands for the data.
func (d *description) gradientBytes(model *nn.Model) (bytes int64, err error) {
	dev, err := d.openDevice()
	if err != nil {
		return 0, err
	}
	defer func() { err = closing(dev, err) }()
	f, err := objective.New(dev, model, &data.Split{Train: exampleOf(model)}, objective.Options{DType: d.dtype, Chunk: d.batch})
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.GradientBytes(d.batch)
}

// exampleOf is a set of one example of zeros such as a model takes.
func exampleOf(model *nn.Model) data.Set {
	in, target := model.Input, model.Target()
	targets := target.Size()
	set := data.Set{Name: "zeros", Shape: in.Shape, Tokens: in.Index, X: data.ValuesOf(make([]float32, in.Size()))}
	if target.Index == 0 {
		set.Outputs, set.Y = targets, make([]float64, targets)
		return set
	}
	set.Classes, set.Labels = target.Index, make([]int32, targets)
	if len(target.Shape) > 0 {
		set.Positions = targets
	}
	return set
}

func shapeText(shape []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", "×"), "[]")
}

func layerTable(model *nn.Model) *report.Table {
	t := &report.Table{Header: []string{"place", "layer", "output", "parameters", "multiplications"}, Left: 3}
	for _, l := range model.Lines() {
		t.Add(l.Place, strings.Repeat("  ", l.Depth)+l.Layer, shapeText(l.Output), report.Format(float64(l.Params)), report.Format(float64(l.Products)))
	}
	return t
}

func parameterTable(model *nn.Model) *report.Table {
	t := &report.Table{Header: []string{"parameter", "shape", "elements"}, Left: 2}
	for _, p := range model.Params() {
		t.Add(strings.Join(append([]string{p.Name}, p.Also...), " = "), shapeText(p.FileShape()), report.Format(float64(p.Len)))
	}
	for _, p := range model.Buffers() {
		t.Add(p.Name+" (buffer)", shapeText(p.FileShape()), report.Format(float64(p.Len)))
	}
	return t
}

// result is what --json writes.
func (d *description) result(model *nn.Model, bytes int64) any {
	type layer struct {
		Place           string `json:"place"`
		Layer           string `json:"layer"`
		Output          []int  `json:"output"`
		Parameters      int    `json:"parameters"`
		Multiplications int    `json:"multiplications"`
	}
	type parameter struct {
		Name  string   `json:"name"`
		Also  []string `json:"also,omitempty"`
		Shape []int    `json:"shape"`
	}
	out := struct {
		Model           json.Marshaler `json:"model"`
		Layers          []layer        `json:"layers"`
		Tensors         []parameter    `json:"tensors"`
		Buffers         []parameter    `json:"buffers,omitempty"`
		Parameters      int            `json:"parameters"`
		Multiplications int            `json:"multiplications"`
		Batch           int            `json:"batch"`
		GradientBytes   int64          `json:"gradient_bytes"`
	}{Model: model, Parameters: model.NumParams(), Multiplications: model.Products(), Batch: d.batch, GradientBytes: bytes}
	for _, l := range model.Lines() {
		out.Layers = append(out.Layers, layer{l.Place, l.Layer, l.Output, l.Params, l.Products})
	}
	for _, p := range model.Params() {
		out.Tensors = append(out.Tensors, parameter{p.Name, p.Also, p.FileShape()})
	}
	for _, p := range model.Buffers() {
		out.Buffers = append(out.Buffers, parameter{p.Name, p.Also, p.FileShape()})
	}
	return out
}
