// Package language draws text from language models: networks that give every position of an example a score for each token that may
// come next.
package language

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"drift/data/random"
	"drift/graph/objective"
)

// Options of Generate.
type Options struct {
	Tokens      int     // to draw
	Temperature float64 // by which scores are divided before the softmax; 0 takes the largest
	Seed        uint64
}

// Generate draws tokens that go on from a prompt, one after the other from softmax(scores/Temperature) at the last position. The
// model sees the latest tokens, one for each of its positions. each gets the tokens one by one; an error of it ends the generation.
func Generate(f *objective.Objective, prompt []int32, o Options, each func(token int32) error) error {
	if !(o.Temperature >= 0) || math.IsInf(o.Temperature, 0) || o.Tokens < 0 {
		return fmt.Errorf("generating %d tokens at temperature %v: neither may be negative or infinite", o.Tokens, o.Temperature)
	}
	m, err := open(f)
	if err != nil {
		return fmt.Errorf("generating: %w", err)
	}
	defer m.network.Close()
	tokens := slices.Clone(prompt)
	if len(tokens) == 0 {
		return errors.New("generating: the prompt is empty, and the first token has to follow something")
	}
	r := random.New(o.Seed, "generate")
	for k := range o.Tokens {
		scores, err := m.next(tokens)
		if err != nil {
			return fmt.Errorf("generating token %d: %w", k+1, err)
		}
		token := int32(draw(scores, o.Temperature, r.At(uint64(k)).Float64()))
		if err := each(token); err != nil {
			return err
		}
		tokens = append(tokens, token)
		tokens = tokens[max(0, len(tokens)-m.positions):]
	}
	return nil
}

// model is a network that is known to be a language model.
type model struct {
	network   *objective.Network
	positions int
	scores    int // at each
}

func open(f *objective.Objective) (*model, error) {
	out, err := f.OutputShape()
	if err != nil {
		return nil, err
	}
	in := f.Model.Inputs()
	if len(in) != 1 || in[0].Index == 0 || len(in[0].Shape) != 1 || len(out) != 2 || out[0] != in[0].Shape[0] {
		return nil, errors.New("the model is no language model, which takes tokens [T] and gives scores [T, tokens]")
	}
	network, err := f.CompileNetwork()
	if err != nil {
		return nil, err
	}
	m := &model{network, out[0], out[1]}
	if err := m.causal(); err != nil {
		network.Close()
		return nil, err
	}
	return m, nil
}

// causal refuses a model whose scores change with tokens that come later: it has seen what it would have to guess.
func (m *model) causal() error {
	if m.positions == 1 {
		return nil
	}
	x := make([]float64, m.positions)
	first, err := m.network.Run(x)
	if err != nil {
		return err
	}
	x[m.positions-1] = 1
	second, err := m.network.Run(x)
	if err != nil {
		return err
	}
	before := (m.positions - 1) * m.scores
	if !slices.Equal(first[:before], second[:before]) {
		return errors.New("the model's scores depend on tokens that come later: train one with causal attention")
	}
	return nil
}

// next is the scores for what follows the tokens. Positions behind them hold token 0, which nothing before them sees.
func (m *model) next(tokens []int32) ([]float64, error) {
	tokens = tokens[max(0, len(tokens)-m.positions):]
	x := make([]float64, m.positions)
	for i, t := range tokens {
		x[i] = float64(t)
	}
	out, err := m.network.Run(x)
	if err != nil {
		return nil, err
	}
	last := len(tokens) - 1
	return out[last*m.scores : (last+1)*m.scores], nil
}

// draw is the token at which the distribution function of softmax(scores/temperature) passes u, uniform in [0,1).
func draw(scores []float64, temperature, u float64) int {
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	if temperature == 0 {
		return best
	}
	weights, sum := make([]float64, len(scores)), 0.
	for i, s := range scores {
		weights[i] = math.Exp((s - scores[best]) / temperature)
		sum += weights[i]
	}
	for i, w := range weights {
		if u -= w / sum; u < 0 {
			return i
		}
	}
	return best // rounding left a rest
}
