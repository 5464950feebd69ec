package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"drift/cmd/drift/internal/cmdline"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/bench/report"
	"drift/bench/spectra"
	"drift/data/atomicfile"
	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/graph/weights"
)

// measurement is drift measure.
type measurement struct {
	*app
	task
	fromRun
	weights, vector, vectors string
	out                      string
	wanted                   sigma.Wanted
}

const measureLong = `measure computes statistics of the per-example gradients g_n over all training examples at fixed
weights: the mean ḡ, the trace of the unbiased covariance Σ, the gradient of that trace, leading
eigenvalues of Σ and of the Hessian, and the noise scale tr Σ/‖ḡ‖². --weights names the weights; by
default they are those that training would start from. --run takes data, network and weights from the
folder of a run. With --sigma-top and --hessian-top it also says how far the leading eigenvectors of
both span the same space: (1/k) Σ ⟨u_i, v_j⟩², 1 if they do and about k/P by chance. If it is interrupted it prints what it has.

The folder --out gets measure.json, which also has tr Σ, ‖ḡ‖² and the noise scale of each parameter,
and the figure "spectra" (PNG, SVG, PDF) if eigenvalues or densities were asked for.

--vectors writes vectors to a safetensors file, as tensors named KIND.PARAMETER. The kinds are grad
(ḡ), grad_tr_sigma (∂tr Σ), sigma_diag (diag Σ) and, with --vector, hvp (H v) and sigma_vp (Σ v);
--vector is a file with the names and shapes of the weights.`

const measureExample = `  drift measure --data glyphs,train=500 --model mlp:64 --sigma-top 5
  drift measure --data fashion-mnist,train=1000 --model mlp:256 --weights run/weights.safetensors --dtype float64 --json -
  drift measure --run run --sigma-top 20 --hessian-top 10 --sigma-density 30 --hessian-density 30 --out spectra && drift report spectra
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
	flags.StringVar(&m.weights, "weights", "", "measure at the weights in this `file` (safetensors, or PyTorch's .pt, .pth)")
	m.namesFlag(flags)
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
	m.wanted.Diagonal, m.wanted.Seed = m.vectors != "" || m.out != "", m.seed
	if most := max(m.wanted.Eigenvalues, m.wanted.Hessian); most > p.NumParams() {
		return usagef("%d eigenvalues wanted: there are %d, one for each parameter", most, p.NumParams())
	}
	if m.vector != "" {
		if m.wanted.Along, err = weights.Load(m.vector, p.Model.Params(), p.DType()); err != nil {
			return fmt.Errorf("--vector: %w", err)
		}
	}
	found, err := sigma.Measure(p.Objective, p.All(objective.Train), m.wanted)
	if err != nil && (found == nil || ctx.Err() == nil) {
		return err
	}
	return errors.Join(m.deliver(p, found), err) // interrupted: what is there
}

// traceProducts parses --hessian-trace: its standard error takes 6 products.
func traceProducts(s string) (int, error) {
	n, err := cmdline.AtLeast(0)(s)
	if err == nil && n > 0 && n < 6 {
		err = fmt.Errorf("got %q: give at least 6, or 0 to leave it out", s)
	}
	return n, err
}

// deliver writes the vectors and shows the numbers.
func (m *measurement) deliver(p *problem, found *sigma.Measurement) error {
	if m.vectors != "" {
		err := atomicfile.Write(m.vectors, func(w io.Writer) error { return weights.Write(w, p.Model.Params(), p.DType(), found.Vectors...) })
		if err != nil {
			return fmt.Errorf("writing the vectors: %w", err)
		}
	}
	if m.out != "" {
		found.Layers = found.ByLayer(p.Model.Params())
	}
	if err := errors.Join(m.fill(found), show(measured(found), m.human())); err != nil {
		return err
	}
	return m.writeJSON(found)
}

// fill writes the folder of --out.
func (m *measurement) fill(found *sigma.Measurement) error {
	if m.out == "" {
		return nil
	}
	files := map[string]func(io.Writer) error{"measure.json": func(w io.Writer) error { return encodeJSON(w, found) }}
	if figure := spectra.Figure(found); len(figure.Panels) > 0 {
		files["spectra.png"], files["spectra.svg"], files["spectra.pdf"] = figure.WritePNG, figure.WriteSVG, figure.WritePDF
	}
	return writeFiles(m.out, files)
}

func show(t *report.Table, w io.Writer) error {
	_, err := t.WriteTo(w)
	return err
}

func measured(m *sigma.Measurement) *report.Table {
	t := &report.Table{Header: []string{"what", ""}, Left: 1}
	optional := func(x *float64) string {
		if x == nil {
			return "–"
		}
		return report.Format(*x)
	}
	t.Add("examples N", report.Format(float64(m.Examples)))
	t.Add("parameters P", report.Format(float64(m.Parameters)))
	t.Add("loss", report.Format(m.Loss))
	t.Add("‖ḡ‖²", report.Format(m.GradNorm2))
	t.Add("tr Σ", report.Format(m.TraceSigma))
	t.Add("‖∂tr Σ‖²", report.Format(m.TraceGradientNorm2))
	t.Add("noise scale tr Σ/‖ḡ‖²", optional(m.NoiseScale))
	t.Add("with ‖G‖² unbiased", optional(m.NoiseScaleUnbiased))
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
