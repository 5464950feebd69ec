package sigma

import (
	"testing"

	"gonum.org/v1/gonum/mat"

	"drift/data"
	"drift/graph/objective"
	"drift/kernels"
)

// Products of gradients that do not fit one chunk are those of gradients that do: in several blocks, of which the last is not full, and
// in pairs of half chunks.
func TestGramOfManyChunks(t *testing.T) {
	const n, chunk = 2*2*mostBlockChunks + 5, 2
	for name, c := range map[string]struct {
		model string
		set   data.Set
	}{"groups": {networks["groups"], noise(n)}, "tied embedding": {sequences["tied embedding"], words(n)}} {
		t.Run(name, func(t *testing.T) {
			gradients := func(chunk int) *Gradients {
				f := open(t, c.model, c.set, chunk, kernels.Float64)
				g, err := NewGradients(f, f.All(objective.Train))
				must(t, err)
				t.Cleanup(g.Close)
				return g
			}
			one, err := gradients(n).Gram()
			must(t, err)
			g := gradients(chunk)
			if size := g.blockSize(n); size != chunk*mostBlockChunks {
				t.Fatalf("blocks of %d examples, want %d", size, chunk*mostBlockChunks)
			}
			blocks, err := g.Gram()
			must(t, err)
			near(t, "in blocks", whole(blocks), whole(one), 1e-12)
			pairs := &Gram{Rest: mat.NewSymDense(n, nil), Along: make([]float64, n)}
			must(t, g.inPairs(pairs))
			near(t, "in pairs", whole(pairs), whole(one), 1e-12)
		})
	}
}
