package language

import (
	"math"
	"slices"
	"strings"
	"testing"

	"drift/data"
	"drift/data/random"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

const length, tokens = 5, 6

func opened(t *testing.T, spec string) *objective.Objective {
	t.Helper()
	x, labels := make([]float32, length), make([]int32, length)
	set := data.Set{Name: "tokens", Shape: []int{length}, Tokens: tokens, Classes: tokens, Positions: length, X: data.ValuesOf(x), Labels: labels}
	m, err := nn.Parse(spec, set.Shape, tokens, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := objective.New(devicetest.Open(1), m, &data.Split{Train: set}, objective.Options{DType: kernels.Float64, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func generated(t *testing.T, f *objective.Objective, o Options, prompt ...int32) (out []int32) {
	t.Helper()
	if err := Generate(f, prompt, o, func(token int32) error { out = append(out, token); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// successor is a network whose score at a position is largest for the token one further than the one there.
func successor(t *testing.T) *objective.Objective {
	f := opened(t, `{"layers":[{"embedding":{"tokens":6,"width":6}}]}`)
	table := make([]float64, tokens*tokens)
	for i := range tokens {
		table[i*tokens+(i+1)%tokens] = 3
	}
	if err := f.SetValues(table); err != nil {
		t.Fatal(err)
	}
	return f
}

// Text follows the scores at the last position, before and after the prompt has filled all of them, and is the seed's.
func TestTextFollowsTheScores(t *testing.T) {
	f := successor(t)
	if got, want := generated(t, f, Options{Tokens: 9}, 1, 2), []int32{3, 4, 5, 0, 1, 2, 3, 4, 5}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := generated(t, f, Options{Tokens: 2}, 0, 0, 0, 0, 0, 0, 0, 0, 4); !slices.Equal(got, []int32{5, 0}) {
		t.Errorf("a prompt longer than the positions goes on with %v", got)
	}
	one, again, other := Options{Tokens: 60, Temperature: 2, Seed: 1}, Options{Tokens: 60, Temperature: 2, Seed: 1}, Options{Tokens: 60, Temperature: 2, Seed: 2}
	if a := generated(t, f, one, 0); !slices.Equal(a, generated(t, f, again, 0)) || slices.Equal(a, generated(t, f, other, 0)) {
		t.Error("text is no function of the seed, or none that varies")
	}
}

// Tokens are drawn with the probabilities of softmax(scores/temperature). Over 20,000 draws a frequency has a standard deviation of
// at most 0.0036: 0.018 is five.
func TestDrawsHaveTheSoftmaxsFrequencies(t *testing.T) {
	scores, r, counts := []float64{1, -1, 2, 0}, random.New(1, "test"), make([]float64, 4)
	const n, temperature = 20000, 0.7
	for range n {
		counts[draw(scores, temperature, r.Float64())]++
	}
	sum := 0.
	for _, s := range scores {
		sum += math.Exp(s / temperature)
	}
	for i, s := range scores {
		if want := math.Exp(s/temperature) / sum; math.Abs(counts[i]/n-want) > 0.018 {
			t.Errorf("token %d is drawn with frequency %v, want %v", i, counts[i]/n, want)
		}
	}
}

func TestModelsThatCannotGenerate(t *testing.T) {
	bidirectional := `{"layers":[{"embedding":{"tokens":6,"width":4}},{"attention":{"heads":2}},{"linear":{"out":6}}]}`
	for spec, says := range map[string]string{bidirectional: "come later"} {
		err := Generate(opened(t, spec), []int32{1}, Options{Tokens: 1}, nil)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", spec, err)
		}
	}
	f := opened(t, "gpt:1,2,4")
	for _, c := range []struct {
		prompt []int32
		o      Options
	}{{nil, Options{Tokens: 1}}, {[]int32{6}, Options{Tokens: 1}}, {[]int32{-1}, Options{Tokens: 1}}, {[]int32{1}, Options{Tokens: 1, Temperature: math.NaN()}}} {
		if err := Generate(f, c.prompt, c.o, nil); err == nil {
			t.Errorf("prompt %v, %+v: taken", c.prompt, c.o)
		}
	}
}
