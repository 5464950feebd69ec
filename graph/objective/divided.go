package objective

import (
	"slices"

	"drift/graph"
)

// referred is the most examples whose means the parts of a pass refer to. Every process finds them, so that none waits for another; a
// mean over these lies within a fraction of a standard deviation of that over all, which is near enough (graph.Deviations).
const referred = 64

func preludeOf(n, chunk int) chunkKind {
	return chunkKind{n: min(n, chunk, referred), first: true, leads: true, prelude: true}
}

// kindOfPart is the kind of the chunk that begins at a place in the part [from, to).
func kindOfPart(at, from, to, chunk int) chunkKind {
	return chunkKind{n: min(chunk, to-at), first: at == from, leads: at == 0, part: true}
}

// kindsOfParts is those of a pass over n examples that this process meets.
func (p *Pass) kindsOfParts(n int) []chunkKind {
	f := p.objective
	kinds := []chunkKind{preludeOf(n, f.chunk)}
	p.eachChunk(n, func(_ int, kind chunkKind, _ bool) error {
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		return nil
	}, func(int, bool) error { return nil })
	if len(kinds) == 1 { // a process without examples has to know what is added up
		from, to := f.division.part(0, n)
		kinds = append(kinds, kindOfPart(from, from, to, f.chunk))
	}
	return kinds
}

// eachChunk passes on the chunks of the parts of this process, each with whether it ends the last part, and the end of every part by its
// number among the process's own and whether it had no examples.
func (p *Pass) eachChunk(n int, chunk func(at int, kind chunkKind, last bool) error, end func(part int, empty bool) error) error {
	d, size := p.objective.division, p.objective.chunk
	first, last := d.own()
	for k := first; k < last; k++ {
		from, to := d.part(k, n)
		for at := from; at < to; at += size {
			kind := kindOfPart(at, from, to, size)
			if err := chunk(at, kind, k == last-1 && at+kind.n == to); err != nil {
				return err
			}
		}
		if err := end(k-first, from == to); err != nil {
			return err
		}
	}
	return nil
}

// behind is the examples of the chunk that begins at a place of a pass over n; none at its end.
func (d division) behind(examples []int, at, n, chunk int) []int {
	for k := range d.parts {
		if _, to := d.part(k, n); at < min(to, len(examples)) {
			return examples[at:min(at+chunk, to)]
		}
	}
	return nil
}

// divided works through this process's parts of a pass, and adds up those of all.
func (p *Pass) divided(examples []int) error {
	return p.fold.combine(p.own(examples))
}

// own works through this process's parts of a pass.
func (p *Pass) own(examples []int) error {
	f, n := p.objective, len(examples)
	prelude := preludeOf(n, f.chunk)
	if _, err := p.program(prelude); err != nil {
		return err
	}
	if p.refers {
		if err := p.chunk(examples, 0, prelude, nil, (*graph.Program).Run); err != nil {
			return err
		}
	}
	first, last := f.division.own()
	begin, _ := f.division.part(first, n)
	_, mine := f.division.part(last-1, n)
	p.blank(n)
	return p.eachChunk(n, func(at int, kind chunkKind, last bool) error {
		run := (*graph.Program).Run
		if last {
			run = p.fold.run
		}
		if err := p.chunk(examples, at, kind, f.division.behind(examples[:mine], at+kind.n, n, f.chunk), run); err != nil {
			return err
		}
		if f.progress != nil {
			f.progress(at+kind.n-begin, mine-begin)
		}
		return nil
	}, p.fold.part)
}

// blank clears the rows of all examples, of which each process fills in its own.
func (p *Pass) blank(n int) {
	for _, r := range p.fold.rows {
		r.into.resize(n * r.width())
		clear(r.into.Values)
	}
}

// settled is a pass's end, and before it what its parts leave open: the accuracy, which is a quotient of sums.
func (p *Pass) settled(end Finish) Finish {
	f := p.objective
	if !f.divides() || !f.Scored() {
		return end
	}
	return func(e *End) {
		correct := graph.Add(e.scalar(scalarCorrect), e.scalar(scalarCorrectRest))
		share := graph.Mul(correct, e.Mean)
		if f.accuracy == ofAnswers {
			share = graph.Div(correct, graph.Add(e.scalar(scalarAnswers), e.scalar(scalarAnswersRest)))
		}
		e.Set(e.scalar(scalarAccuracy), share)
		if end != nil {
			end(e)
		}
	}
}
