package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"drift/cmd/drift/internal/cmdline"
	"drift/cmd/drift/internal/progress"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/bench/report"
	"drift/bench/spectra"
	"drift/data/atomicfile"
	"drift/data/random"
	"drift/graph/sigma"
	"drift/graph/weights"
)

// measurement is drift measure.
type measurement struct {
	*app
	task
	fromRun
	weights, vector, vectors string
	out, part                string
	examples                 int
	layers                   bool
	wanted                   sigma.Wanted
}

const measureLong = `measure computes statistics of the per-example gradients g_n over the examples of a part of the
data at fixed weights: the mean ḡ, the trace of the unbiased covariance Σ, the gradient of that trace,
leading eigenvalues of Σ and of the Hessian, and the noise scale tr Σ/‖ḡ‖². --weights names the
weights; by default they are those that training would start from. --run takes data, network and
weights from the folder of a run. With --sigma-top and --hessian-top it also says how far the leading
eigenvectors of both span the same space: (1/k) Σ ⟨u_i, v_j⟩², 1 if they do and about k/P by chance.
If it is interrupted it prints what it has.

--examples N measures on a random sample of the part. Its figures then have 95 % intervals for those of
the whole part (of the first order, with the factor √(1 − N/all)); ‖ḡ‖² of a sample is too large by
tr Σ (1/N − 1/all) in the mean, which is shown beside it, and tr Σ/‖ḡ‖² too small.

The folder --out gets measure.json, which names data, model and weights and also has tr Σ, ‖ḡ‖² and
the noise scale of each parameter, the figure "layers" of these (PNG, SVG, PDF), and the figure "spectra"
if eigenvalues or densities were asked for.

--vectors writes vectors to a safetensors file, as tensors named KIND.PARAMETER. The kinds are grad
(ḡ), grad_tr_sigma (∂tr Σ), sigma_diag (diag Σ) and, with --vector, hvp (H v) and sigma_vp (Σ v);
--vector is a file with the names and shapes of the weights.`

const measureExample = `  drift measure --data glyphs,train=500 --model mlp:64 --sigma-top 5
  drift measure --data fashion-mnist,train=1000 --model mlp:256 --weights run/weights.safetensors --dtype float64 --json -
  drift measure --run run --sigma-top 20 --hessian-top 10 --sigma-density 30 --hessian-density 30 --out spectra && drift report spectra
  drift measure --run run --part test --examples 2000 --layers
  drift measure --model lenet --weights w.safetensors --vector v.safetensors --vectors out.safetensors`

func (a *app) measureCommand() *cobra.Command {
	m := &measurement{app: a}
	cmd := &cobra.Command{
		Use: "measure", Short: "Measure gradients and their covariance at given weights", Long: measureLong, Example: measureExample,
		Args: noArguments, RunE: func(cmd *cobra.Command, _ []string) error { return m.measure(cmd.Context(), cmd.Flags()) },
	}
	flags := cmd.Flags()
	m.fromRun.flags(flags)
	m.task.flags(flags, "glyphs", "mlp:256")
	m.partsFlag(flags)
	flags.StringVar(&m.weights, "weights", "", "measure at the weights in this `file` (safetensors, or PyTorch's .pt, .pth)")
	m.namesFlag(flags)
	partFlag(flags, &m.part, "train")
	cmdline.Add(flags, &m.examples, "examples", 0, "measure on N random examples of the part, drawn from --seed, and find the standard errors of that (0: all)", "int", cmdline.AtLeast(0))
	flags.BoolVar(&m.layers, "layers", false, "show tr Σ, ‖ḡ‖² and noise scale of every parameter tensor too")
	flags.StringVar(&m.vector, "vector", "", "`file` of safetensors or PyTorch with a vector v for H v and Σ v")
	flags.StringVar(&m.vectors, "vectors", "", "write the vectors to this safetensors `file`")
	flags.StringVar(&m.out, "out", "", "write measure.json and figures of the eigenvalues to this `folder`, for drift report")
	cmdline.Add(flags, &m.wanted.Eigenvalues, "sigma-top", 0, "number of leading eigenvalues of Σ to compute", "int", cmdline.AtLeast(0))
	cmdline.Add(flags, &m.wanted.Density, "sigma-density", 0, "compute the spectral density of Σ by stochastic Lanczos quadrature with N steps (needs --out or --json)", "int", cmdline.AtLeast(0))
	cmdline.Add(flags, &m.wanted.Hessian, "hessian-top", 0, "number of leading eigenvalues of the Hessian to compute", "int", cmdline.AtLeast(0))
	cmdline.Add(flags, &m.wanted.HessianDensity, "hessian-density", 0, "compute the spectral density of the Hessian, likewise", "int", cmdline.AtLeast(0))
	cmdline.Add(flags, &m.wanted.Trace, "hessian-trace", 0, "estimate the trace of the Hessian from N Hessian-vector products, at least 6 (0: do not)", "int", traceProducts)
	return cmd
}

// check finds the mistakes that need no data.
func (m *measurement) check() error {
	switch {
	case m.vectors != "":
		if err := checkWritable("vectors", m.vectors, "a file"); err != nil {
			return err
		}
	case m.vector != "":
		return usagef("--vector asks for H v and Σ v: say where to write them with --vectors FILE")
	}
	if m.out != "" {
		return prepareFolder(m.out, "measure.json")
	}
	if m.json == "" && m.wanted.Density+m.wanted.HessianDensity > 0 {
		name := "sigma-density"
		if m.wanted.Density == 0 {
			name = "hessian-density"
		}
		return usagef("--%s asks for more numbers than the table holds: say where to write them with --out FOLDER, or with --json FILE, or - for standard output", name)
	}
	return nil
}

func (m *measurement) measure(ctx context.Context, flags *pflag.FlagSet) (err error) {
	if err := m.aside(&m.out, &m.vectors); err != nil {
		return err
	}
	if err := m.check(); err != nil {
		return err
	}
	file, err := m.weightsOf(m.weights, flags, "dtype")
	if err != nil {
		return err
	}
	p, err := m.open(m.app, file)
	if err != nil {
		return err
	}
	defer func() { err = closing(p, err) }()
	p.SetContext(ctx)
	m.wanted.Diagonal, m.wanted.Seed = m.vectors != "" || m.out != "" || m.layers, m.seed
	examples, err := m.choose(p)
	if err != nil {
		return err
	}
	if most := max(m.wanted.Eigenvalues, m.wanted.Hessian); most > p.NumParams() {
		return usagef("%d eigenvalues wanted: there are %d, one for each parameter", most, p.NumParams())
	}
	if m.vector != "" {
		if m.wanted.Along, err = weights.Load(m.vector, p.Model.Params(), p.DType()); err != nil {
			return fmt.Errorf("--vector: %w", err)
		}
	}
	show := m.follow(p)
	found, err := sigma.Measure(p.Objective, examples, m.wanted)
	show()
	if err != nil && (found == nil || ctx.Err() == nil) {
		return err
	}
	return errors.Join(m.deliver(flags, p, found, file), err) // interrupted: what is there
}

// choose is the examples of the part, or of a sample of it.
func (m *measurement) choose(p *problem) ([]int, error) {
	part := parts[m.part]
	n := p.Examples(part)
	switch {
	case n == 0:
		return nil, fmt.Errorf("measuring: the data have no %s part: choose another with --part", m.part)
	case m.examples == 0:
		return p.All(part), nil
	case m.examples > n:
		return nil, usagef("--examples %d: the %s part has %d", m.examples, m.part, n)
	}
	m.wanted.SampleOf = n
	return p.Draw(random.New(m.seed, "measure").Rand, part, m.examples), nil
}

// follow shows how far every pass is, under the name of what it is for, and how far an iteration is from what it looks for. The function that it returns ends that.
func (m *measurement) follow(p *problem) (end func()) {
	var bar *progress.Display
	task, last := "", 0
	m.wanted.Begin = func(what string) { task = "measuring " + what }
	m.wanted.Residual = func(x float64) {
		if bar != nil {
			bar.Point("residual", x)
		}
	}
	p.SetProgress(func(done, of int) {
		if bar == nil || done <= last { // another pass
			bar.Close()
			next := m.progress(task, "examples", of)
			next.GoesOn(bar)
			bar = next
		}
		last = done
		bar.Set(done, "")
	})
	return func() { bar.Close() }
}

// traceProducts parses --hessian-trace: its standard error takes 6 products.
func traceProducts(s string) (int, error) {
	n, err := cmdline.AtLeast(0)(s)
	if err == nil && n > 0 && n < 6 {
		err = fmt.Errorf("got %q: give at least 6, or 0 to leave it out", s)
	}
	return n, err
}

// measuredAt is a measurement, and what it is one of.
type measuredAt struct {
	*sigma.Measurement
	Data    string `json:"data"`
	Part    string `json:"part"`
	Model   string `json:"model"`
	Weights string `json:"weights,omitempty"` // a file; empty for those drawn from the seed
	Seed    uint64 `json:"seed"`
	DType   string `json:"dtype"`
	origin
}

// deliver writes the vectors and shows the numbers.
func (m *measurement) deliver(flags *pflag.FlagSet, p *problem, found *sigma.Measurement, file string) error {
	if m.vectors != "" {
		err := atomicfile.Write(m.vectors, func(w io.Writer) error { return weights.Write(w, p.Model.Params(), p.DType(), found.Vectors...) })
		if err != nil {
			return fmt.Errorf("writing the vectors: %w", err)
		}
	}
	if m.out != "" || m.layers {
		found.Layers = found.ByLayer(p.Model.Params())
	}
	again, err := m.app.origin(flags, p.Model, map[string]any{"weights": file, "vector": nil, "vectors": nil, "chunk": p.Chunk()})
	if err != nil {
		return err
	}
	whole := measuredAt{found, m.data, m.part, m.model, file, m.seed, p.DType().String(), again}
	if err := errors.Join(m.fill(whole), show(measured(found), m.human())); err != nil {
		return err
	}
	if m.layers {
		fmt.Fprintln(m.human())
		if err := show(byLayer(found.Layers), m.human()); err != nil {
			return err
		}
	}
	if m.out != "" {
		m.tellFolder("Numbers and figures", m.out)
	}
	return m.writeJSON(whole)
}

// fill writes the folder of --out.
func (m *measurement) fill(found measuredAt) error {
	if m.out == "" {
		return nil
	}
	files := map[string]func(io.Writer) error{"measure.json": func(w io.Writer) error { return encodeJSON(w, found) }}
	for name, figure := range map[string]report.Figure{"spectra": spectra.Figure(found.Measurement), "layers": spectra.Layers(found.Measurement)} {
		if len(figure.Panels) > 0 {
			files[name+".png"], files[name+".svg"], files[name+".pdf"] = figure.WritePNG, figure.WriteSVG, figure.WritePDF
		}
	}
	return writeFiles(m.out, elsewhere, files)
}

func show(t *report.Table, w io.Writer) error {
	_, err := t.WriteTo(w)
	return err
}

// normal95 is the half width of a 95 % interval in standard errors.
const normal95 = 1.96

func measured(m *sigma.Measurement) *report.Table {
	t := &report.Table{Header: []string{"what", ""}, Left: 1}
	sample := &sigma.Sample{}
	if m.Sample != nil {
		sample = m.Sample
		t.Header[1] = "± 95 %"
	}
	add := func(what string, x, e float64) {
		text := report.Format(x)
		if e > 0 {
			text = report.Interval{Mean: x, CI95: normal95 * e}.String()
		}
		t.Add(what, text)
	}
	optional := func(what string, x, e *float64) {
		switch {
		case x == nil:
			t.Add(what, "–")
		case e == nil:
			add(what, *x, 0)
		default:
			add(what, *x, *e)
		}
	}
	examples := report.Format(float64(m.Examples))
	if m.Sample != nil {
		examples += " of " + report.Format(float64(sample.Of))
	}
	t.Add("examples N", examples)
	t.Add("parameters P", report.Format(float64(m.Parameters)))
	add("loss", m.Loss, sample.Loss)
	add("‖ḡ‖²", m.GradNorm2, sample.GradNorm2)
	if m.Sample != nil {
		t.Add("‖ḡ‖², bias of the sample", report.Format(sample.GradNorm2Bias))
	}
	add("tr Σ", m.TraceSigma, sample.TraceSigma)
	t.Add("‖∂tr Σ‖²", report.Format(m.TraceGradientNorm2))
	optional("noise scale tr Σ/‖ḡ‖²", m.NoiseScale, nil)
	optional("with ‖G‖² unbiased", m.NoiseScaleUnbiased, sample.NoiseScaleUnbiased)
	for k, value := range m.Eigenvalues {
		t.Add(fmt.Sprintf("eigenvalue %d of Σ", k+1), report.Format(value))
	}
	for k, value := range m.HessianEigenvalues {
		t.Add(fmt.Sprintf("eigenvalue %d of the Hessian", k+1), report.Format(value))
	}
	if o := m.Overlap; o != nil {
		t.Add(fmt.Sprintf("overlap of the %d leading eigenvectors of both", o.Dimension), report.Format(o.Share))
	}
	if m.HessianTrace != nil {
		t.Add("trace of the Hessian ± standard error", report.Interval{Mean: *m.HessianTrace, CI95: *m.HessianTraceError}.String())
	}
	return t
}

// byLayer shows what falls to each parameter tensor.
func byLayer(layers []sigma.Layer) *report.Table {
	t := &report.Table{Header: []string{"parameter", "elements", "tr Σ", "‖ḡ‖²", "noise scale"}, Left: 1}
	for _, l := range layers {
		scale := "–"
		if l.NoiseScale != nil {
			scale = report.Format(*l.NoiseScale)
		}
		t.Add(l.Name, report.Format(float64(l.Elements)), report.Format(l.TraceSigma), report.Format(l.GradNorm2), scale)
	}
	return t
}
