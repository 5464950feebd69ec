package optim

import (
	"fmt"
	"math"
	"strings"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// factored is the direction of KFAC and EKFAC. Sums over examples are found on the device; factors are inverted on the host, in float64.
type factored struct {
	base
	labels
	options Factors
	eigen   bool // EKFAC
	layers  []*factoredLayer
	others  []objective.Param // which have the diagonal of the Fisher information

	moments, axes, scales kernels.Buffer  // of the layers: sums of a batch, bases, and squares in them
	squares               kernels.Buffer  // of the others [P]
	gradient              *objective.Pass // ḡ
	statistics            *objective.Pass // moments and squares
	scaling               *objective.Pass // scales; nil for KFAC
	host                  []float64       // the gradient, then the direction [P]
	diagonal              []float64       // running means of squares [P]
	refreshed, scaled     float64         // batches in the running means of factors, and of scales in this basis
}

func newFactored(c Context, o Factors, eigen bool) (Direction, error) {
	b, l, err := newLabelled(c)
	if err != nil {
		return nil, err
	}
	d := &factored{base: b, labels: l, options: o, eigen: eigen, host: make([]float64, c.NumParams()), diagonal: make([]float64, c.NumParams())}
	if err := d.prepare(c.Batch); err != nil {
		d.Close()
		return nil, fmt.Errorf("factors of the Fisher information: %w", err)
	}
	return d, nil
}

func (d *factored) prepare(batch int) (err error) {
	f := d.objective
	if err := d.divide(); err != nil {
		return err
	}
	moments, scales := 1, 1 // a buffer has an element at least
	for _, l := range d.layers {
		l.moments, l.scales = moments, scales
		moments = l.end()
		scales += len(l.groups) * l.in * l.out
	}
	for b, length := range map[*kernels.Buffer]int{&d.moments: moments, &d.axes: moments, &d.scales: scales, &d.squares: f.NumParams()} {
		if *b, err = f.Device().NewBuffer(f.DType(), length); err != nil {
			return err
		}
	}
	if d.gradient, err = f.CompileGradient(batch, d.vector); err != nil {
		return err
	}
	if d.statistics, err = f.Compile(batch, d.sum, nil); err != nil || !d.eigen {
		return err
	}
	d.scaling, err = f.Compile(batch, d.scale, nil)
	return err
}

// divide finds the layers: weights that have Kronecker factors, with their biases.
func (d *factored) divide() error {
	params := d.objective.Model.Params()
	taken := make([]bool, len(params))
	err := d.objective.Sketch(2, func(b *objective.Batch) {
		p := d.perExample(b)
		for k, of := range params {
			factors, ok := p.Kronecker(k)
			if !ok || len(of.Shape) < 2 {
				continue
			}
			l := &factoredLayer{weight: k, bias: biasOf(params, of), in: of.Len / of.Shape[0], out: of.Shape[0] / factors.Groups()}
			if max(l.in, l.out) > d.options.MaxSize {
				continue
			}
			l.params = []objective.Param{of}
			taken[k] = true
			if l.bias >= 0 {
				taken[l.bias], l.params, l.in = true, append(l.params, params[l.bias]), l.in+1
			}
			for range factors.Groups() {
				l.groups = append(l.groups, newFactor(l.in, l.out))
			}
			d.layers = append(d.layers, l)
		}
	})
	for k, p := range params {
		if !taken[k] {
			d.others = append(d.others, p)
		}
	}
	return err
}

// biasOf is the index of the bias [out] beside a weight [out,…], by its name; −1 for none.
func biasOf(params []objective.Param, weight objective.Param) int {
	stem, ok := strings.CutSuffix(weight.Name, "weight")
	for k, p := range params {
		if ok && p.Name == stem+"bias" && len(p.Shape) == 1 && p.Len == weight.Shape[0] {
			return k
		}
	}
	return -1
}

// perExample is the gradients of examples at the labels of the step.
func (d *factored) perExample(b *objective.Batch) *graph.PerExample {
	return graph.NewPerExample(b.SampledLosses(b.Here(), d.key), b.Params)
}

func (l *factoredLayer) factors(p *graph.PerExample) graph.Kronecker {
	factors, _ := p.Kronecker(l.weight)
	if l.bias >= 0 {
		factors = factors.Homogeneous()
	}
	return factors
}

// sum adds the moments of a chunk.
func (d *factored) sum(b *objective.Batch) {
	p := d.perExample(b)
	for _, l := range d.layers {
		factors := l.factors(p)
		b.Total(d.moments.Slice(l.moments, l.middle()), factors.InputMoment())
		outputs, _ := factors.OutputMoment(graph.Full(b.Mean, 0, l.shape(l.out)...))
		b.Total(d.moments.Slice(l.middle(), l.end()), outputs)
		l.positions = float64(factors.Positions())
	}
	if len(d.others) > 0 {
		b.Sum(d.squares, p.Squares())
	}
}

// scale adds the squares of the gradients of a chunk in the bases.
func (d *factored) scale(b *objective.Batch) {
	p := d.perExample(b)
	for _, l := range d.layers {
		in := b.Leaf(d.axes.Slice(l.moments, l.middle()), l.shape(l.in, l.in)...)
		out := b.Leaf(d.axes.Slice(l.middle(), l.end()), l.shape(l.out, l.out)...)
		b.Total(d.scales.Slice(l.scales, l.scales+len(l.groups)*l.in*l.out), l.factors(p).RotatedSquares(in, out))
	}
}

func (d *factored) Compute(batch []int, _ float64) (objective.Measured, error) {
	measured := d.gradient.Measured()
	if err := d.gradient.Run(batch); err != nil {
		return measured, err
	}
	if err := d.vector.Read(d.host); err != nil || !allFinite(d.host) { // then the loss soon is not, which ends the run
		return measured, err
	}
	if err := d.learn(batch); err != nil {
		return measured, err
	}
	for _, l := range d.layers {
		l.precondition(d.host, d.eigen, d.options.Damping)
	}
	for _, p := range d.others {
		for i := p.Offset; i < p.Offset+p.Len; i++ {
			d.host[i] /= d.diagonal[i] + d.options.Damping
		}
	}
	d.step++
	return measured, d.vector.Write(d.host)
}

// learn takes a batch into the running means.
func (d *factored) learn(batch []int) error {
	if err := d.draw(); err != nil {
		return err
	}
	if int(d.step)%d.options.Refresh == 0 {
		if err := d.refresh(batch); err != nil {
			return err
		}
	}
	if !d.eigen {
		return nil
	}
	if err := d.scaling.Run(batch); err != nil {
		return err
	}
	sums := make([]float64, d.scales.Len())
	if err := d.scales.Read(sums); err != nil {
		return err
	}
	d.scaled++
	for _, l := range d.layers {
		for k, f := range l.groups {
			d.mix(f.scale, sums[l.scales+k*l.in*l.out:], d.scaled, float64(len(batch)))
		}
	}
	return nil
}

func (d *factored) refresh(batch []int) error {
	if err := d.statistics.Run(batch); err != nil {
		return err
	}
	moments, squares := make([]float64, d.moments.Len()), make([]float64, d.squares.Len())
	err := d.moments.Read(moments)
	if err == nil {
		err = d.squares.Read(squares)
	}
	if err != nil || !allFinite(moments) {
		return err
	}
	d.refreshed++
	d.scaled = 0
	n := float64(len(batch))
	if len(d.others) > 0 {
		d.mix(d.diagonal, squares, d.refreshed, n)
	}
	axes := make([]float64, d.axes.Len())
	for _, l := range d.layers {
		for k, f := range l.groups {
			inputs, outputs := l.moments+k*l.in*l.in, l.middle()+k*l.out*l.out
			d.mix(f.inputs.RawSymmetric().Data, moments[inputs:], d.refreshed, n)
			d.mix(f.outputs.RawSymmetric().Data, moments[outputs:], d.refreshed, n*l.positions)
			if err := f.refresh(d.eigen, d.options.Damping); err != nil {
				return fmt.Errorf("%s: %w", l.params[0].Name, err)
			}
			copy(axes[inputs:], f.left.RawMatrix().Data)
			copy(axes[outputs:], f.right.RawMatrix().Data)
		}
	}
	if !d.eigen {
		return nil
	}
	return d.axes.Write(axes)
}

// mix takes sums of n into the k-th running mean.
func (d *factored) mix(mean, sums []float64, k, n float64) {
	keep := math.Min(1-1/k, d.options.Average)
	for i := range mean {
		mean[i] = keep*mean[i] + (1-keep)*sums[i]/n
	}
}

// Cost counts the statistics as a gradient, every Refresh steps, and scales as one each step.
func (d *factored) Cost(n int) float64 {
	cost := 1 + 1/float64(d.options.Refresh)
	if d.eigen {
		cost++
	}
	return cost * float64(n)
}

func (d *factored) State(s objective.State) {
	d.labels.state(s)
	s.Numbers("factors", &d.refreshed, &d.scaled)
	s.Host("diagonal", d.diagonal)
	for _, l := range d.layers {
		l.state(s.In("factors." + l.params[0].Name))
	}
	s.Vector("axes", d.axes)
}

func (d *factored) Close() {
	d.scaling.Close()
	d.statistics.Close()
	d.gradient.Close()
	d.labels.close()
	objective.Free(d.moments, d.axes, d.scales, d.squares)
	d.base.Close()
}
