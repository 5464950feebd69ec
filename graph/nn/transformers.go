package nn

import (
	"fmt"
	"math"
)

// vit cuts an image into patches, which attend to each other.
func (p presetSpec) vit() ([]Layer, error) {
	patch, blocks, heads, width := p.numbers[0], p.numbers[1], p.numbers[2], p.numbers[3]
	if err := images(p.input); err != nil {
		return nil, err
	}
	side := Pair{patch, patch}
	at, err := slide(p.input[1:], side, side, Pair{}, Pair{1, 1})
	if err != nil {
		return nil, err
	}
	if height, width := p.input[1], p.input[2]; height%patch != 0 || width%patch != 0 {
		return nil, fmt.Errorf("patches of %d×%d do not tile images of %d×%d: pixels at the edge would be left out", patch, patch, height, width)
	}
	if err := fewBlocks(blocks); err != nil {
		return nil, err
	}
	layers := []Layer{convolution(width, patch, patch, 0, true), Tokens{}, Positions{Length: at[0] * at[1]}}
	layers = append(layers, p.dropouts()...)
	for range blocks {
		layers = append(layers,
			Residual{Layers: p.dropping(layerNorm(), Attention{Heads: heads, Bias: true, Dropout: p.dropout})},
			Residual{Layers: p.dropping(layerNorm(), Linear{Out: 4 * width, Bias: true}, p.act, Linear{Out: width, Bias: true})})
	}
	return append(layers, layerNorm(), MeanPool{}), nil
}

// gpt tells of every position the next token. Initial weights are N(0, std²); those whose outputs are added to the stream start
// smaller, by the root of their number (Radford et al. 2019, §2.3).
func (p presetSpec) gpt() ([]Layer, error) {
	blocks, heads, width := p.numbers[0], p.numbers[1], p.numbers[2]
	if len(p.input) != 1 {
		return nil, fmt.Errorf("takes examples of tokens, of shape [positions], not %s", dims(p.input))
	}
	if err := fewBlocks(blocks); err != nil {
		return nil, err
	}
	out := p.std / math.Sqrt(float64(2*blocks))
	layers := []Layer{Embedding{Tokens: p.outputs, Width: width, Std: p.std}, Positions{Length: p.input[0], Std: p.std}}
	layers = append(layers, p.dropouts()...)
	for range blocks {
		layers = append(layers,
			Residual{Layers: p.dropping(layerNorm(), Attention{Heads: heads, Causal: true, Bias: p.bias, Std: p.std, OutStd: out, Dropout: p.dropout})},
			Residual{Layers: p.dropping(layerNorm(), Linear{Out: 4 * width, Bias: p.bias, Std: p.std}, p.act, Linear{Out: width, Bias: p.bias, Std: out})})
	}
	return append(layers, layerNorm()), nil
}

// dropouts is the layer of the option dropout, none without it.
func (p presetSpec) dropouts() []Layer {
	if p.dropout == 0 {
		return nil
	}
	return []Layer{Dropout{P: p.dropout}}
}

// dropping is layers, and behind them that of the option dropout.
func (p presetSpec) dropping(layers ...Layer) Layers { return append(layers, p.dropouts()...) }

func layerNorm() Layer { return LayerNorm{Eps: 1e-5, Affine: true} }

// fewBlocks checks a number of blocks before they are made.
func fewBlocks(n int) error {
	if n < 1 || 6*n > maxLayers {
		return fmt.Errorf("%d blocks: it must lie in 1 … %d", n, maxLayers/6)
	}
	return nil
}
