package objective

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
)

// Expression adds what a pass finds out to a batch. It is called once for each number of examples in a chunk, and must build the same
// sums in the same order every time.
type Expression func(b *Batch)

// Finish is what is computed once after the last chunk of a pass, where sums are complete.
type Finish func(e *End)

// Pass is an expression over any of the examples, worked through chunk by chunk, with the programs for the batch sizes met so far.
// Passes of one objective run one at a time.
type Pass struct {
	objective  *Objective
	expression Expression
	end        *program // nil for none
	programs   map[chunkKind]*program
	fold       *fold // of parts; nil for a pass in one
	refers     bool  // a prelude sets what the parts refer to

	scalars  kernels.Buffer // [scalarCount and one for each number]
	weights  kernels.Buffer // the first of them, 1/N and 1/(N−1)
	written  []float64      // what is in weights
	boxed    any            // written, as Write takes it without an allocation
	count    int            // N of the weights
	measured kernels.Buffer // the scalars of loss and accuracy
	numbers  []*Number      // of the chunks, in order of their places
	last     []*Number      // of the end, behind them
	host     []float64      // room for the scalars
}

// chunkKind tells programs of a pass apart: by their number of examples, and by their place in the pass.
type chunkKind struct {
	n                   int
	first, leads, whole bool
	part                bool // of one of several parts
	prelude             bool // before the parts
}

// wholeKind is that of a chunk that is a whole pass.
func wholeKind(n int) chunkKind { return chunkKind{n: n, first: true, leads: true, whole: true} }

// The scalars that every pass has.
const (
	scalarMean             = iota // 1/N
	scalarCovarianceWeight        // 1/(N−1)
	scalarLoss                    // mean loss
	scalarAccuracy                // share of examples whose class has the largest score
	scalarCorrect                 // their number
	scalarCorrectRest             // to be added to it
	scalarAnswers                 // answers that a model with several an example asks for
	scalarAnswersRest
	scalarCount
)

// Compile prepares a pass over n examples, so that errors of shape and memory come now. Other numbers of examples are prepared when
// they come. end may be nil.
func (f *Objective) Compile(n int, e Expression, end Finish) (*Pass, error) {
	p := &Pass{objective: f, expression: e, programs: make(map[chunkKind]*program)}
	f.passes[p] = true
	if err := p.prepare(n, end); err != nil {
		p.Close()
		return nil, fmt.Errorf("preparing a pass over %d examples: %w", n, err)
	}
	return p, nil
}

func (p *Pass) prepare(n int, end Finish) error {
	if n < 1 {
		return fmt.Errorf("objective: a pass over %d examples: give at least 1", n)
	}
	var e *End
	if end = p.settled(end); end != nil {
		var err error
		if e, err = p.objective.newEnd(end); err != nil {
			return err
		}
		p.last = e.numbers
	}
	var kinds []chunkKind
	if p.objective.divides() {
		kinds = p.kindsOfParts(n)
	} else {
		chunk := p.objective.chunk
		for _, from := range []int{0, chunk, (n - 1) / chunk * chunk} { // the first, one like those between, and the last
			if from < n {
				kinds = append(kinds, kindOf(n, from, chunk))
			}
		}
	}
	for _, kind := range kinds {
		if _, err := p.program(kind); err != nil {
			return err
		}
	}
	if e == nil {
		return nil
	}
	var err error
	p.end, err = p.finish(e)
	return err
}

// kindOf is the kind of the chunk that begins at a place in a pass over n examples.
func kindOf(n, from, chunk int) chunkKind {
	return chunkKind{n: min(chunk, n-from), first: from == 0, leads: from == 0, whole: n <= chunk}
}

// Run works through examples, by their indices in all parts of the data.
func (p *Pass) Run(examples []int) error {
	f, n := p.objective, len(examples)
	if n == 0 {
		return fmt.Errorf("objective: a pass over no examples")
	}
	if err := p.weigh(n); err != nil {
		return err
	}
	work := p.undivided
	if f.divides() {
		work = p.divided
	}
	if err := work(examples); err != nil {
		return fmt.Errorf("objective: a pass over %d examples: %w", n, err)
	}
	if p.end == nil {
		return nil
	}
	if err := p.end.run(); err != nil {
		return fmt.Errorf("objective: the end of a pass over %d examples: %w", n, err)
	}
	return nil
}

// RunSeveral works through examples once for several values of what varies (Batch.Vary): each chunk is run for them one after the other, so
// that all share what does not depend on it. set writes value k, and on all chunks but the first the sums so far; get takes the sums. It is for a pass without
// an end that is not cut into parts, and whose sums are in vectors.
func (p *Pass) RunSeveral(examples []int, values int, set func(k int, first bool) error, get func(k int) error) error {
	if p.end != nil || p.objective.divides() || len(examples) == 0 {
		return fmt.Errorf("objective: several runs over %d examples at once: the pass has an end, parts or no examples", len(examples))
	}
	err := p.weigh(len(examples))
	if err == nil {
		err = p.wholly(examples, func(c *graph.Program, first bool) error {
			for k := range values {
				if err := set(k, first); err != nil {
					return err
				}
				if err := c.Run(); err != nil {
					return err
				}
				if err := get(k); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("objective: %d passes over %d examples: %w", values, len(examples), err)
	}
	return nil
}

func (p *Pass) undivided(examples []int) error {
	return p.wholly(examples, func(c *graph.Program, _ bool) error { return c.Run() })
}

// wholly works through a pass in one part, with a way to run the program of a chunk.
func (p *Pass) wholly(examples []int, run func(c *graph.Program, first bool) error) error {
	f, n := p.objective, len(examples)
	for from := 0; from < n; from += f.chunk {
		kind := kindOf(n, from, f.chunk)
		here := func(c *graph.Program) error { return run(c, kind.first) }
		if err := p.chunk(examples, from, kind, examples[from+kind.n:], here); err != nil {
			return err
		}
		if f.progress != nil {
			f.progress(min(n, from+f.chunk), n)
		}
	}
	return nil
}

// chunk works on the examples of a kind of chunk from a place on, with a way to run its program; next is what comes after them.
func (p *Pass) chunk(examples []int, from int, kind chunkKind, next []int, run func(*graph.Program) error) error {
	f := p.objective
	if err := f.done(); err != nil {
		return err
	}
	c, err := p.program(kind)
	if err != nil {
		return err
	}
	if err := c.choose(examples[from:from+kind.n], from); err != nil {
		return err
	}
	if err := c.bring(examples[from:from+kind.n], next); err != nil {
		return err
	}
	if err := c.runBy(run); err != nil {
		return err
	}
	for _, r := range c.rows {
		if err := r.read(c, from, len(examples)); err != nil {
			return err
		}
	}
	return nil
}

// weigh writes 1/N and 1/(N−1) for a pass over n examples.
func (p *Pass) weigh(n int) error {
	if n == p.count {
		return nil
	}
	p.written[scalarMean], p.written[scalarCovarianceWeight] = 1/float64(n), 1/float64(max(n-1, 1))
	if err := p.weights.Write(p.boxed); err != nil {
		return err
	}
	p.count = n
	return nil
}

// program finds or makes the program for a kind of chunk; nil for a prelude that sets nothing.
func (p *Pass) program(kind chunkKind) (*program, error) {
	if c, ok := p.programs[kind]; ok {
		return c, nil
	}
	c, err := p.objective.compile(p, kind)
	if err == nil {
		p.programs[kind] = c
	}
	return c, err
}

// reserve makes room for the scalars of the pass and n numbers.
func (p *Pass) reserve(numbers []*Number) (err error) {
	if p.scalars == nil {
		size := scalarCount + len(numbers) + len(p.last)
		if p.scalars, err = p.objective.device.NewBuffer(p.objective.dtype, size); err != nil {
			return err
		}
		p.measured = p.scalars.Slice(scalarLoss, scalarAccuracy+1)
		p.weights, p.written = p.scalars.Slice(scalarMean, scalarCovarianceWeight+1), make([]float64, 2)
		p.numbers, p.host, p.boxed = numbers, make([]float64, size), p.written
		return nil
	}
	if len(numbers) != len(p.numbers) {
		return fmt.Errorf("an expression of %d numbers had %d for another batch size", len(numbers), len(p.numbers))
	}
	return nil
}

// Forget makes the next run compute everything anew, whatever it could keep of the last one.
func (p *Pass) Forget() {
	for _, c := range p.programs {
		if c != nil && c.loaded != nil {
			c.loaded.Forget()
		}
	}
}

// Again is the number of runs that made use of the one before (Batch.Varying).
func (p *Pass) Again() (runs int) {
	for _, c := range p.programs {
		if c != nil && c.loaded != nil {
			runs += c.loaded.Again()
		}
	}
	return runs
}

// Close gives the memory of the pass back. What it was given stays the caller's. A nil pass holds none.
func (p *Pass) Close() {
	if p == nil || !p.objective.passes[p] {
		return
	}
	delete(p.objective.passes, p)
	for _, c := range p.programs {
		if c != nil {
			c.close()
		}
	}
	p.fold.close()
	if p.end != nil {
		p.end.close()
	}
	Free(p.scalars)
}
