package nn

// smallImages is the most pixels of a side for which networks made for photographs begin without shrinking the image.
const smallImages = 64

// dense is linear and mlp.
func (p presetSpec) dense() (layers []Layer, err error) {
	if len(p.input) > 1 {
		layers = append(layers, Flatten{})
	}
	for _, w := range p.numbers {
		layers = append(layers, p.dropping(Linear{Out: w, Bias: true}, p.act)...)
	}
	return layers, nil
}

// convolution is a layer with square kernels that keeps the size of the image when its stride is 1 and padding allows.
func convolution(out, kernel, stride, padding int, bias bool) Conv2D {
	return Conv2D{Out: out, Kernel: Pair{kernel, kernel}, Stride: Pair{stride, stride}, Padding: Pair{padding, padding},
		Dilation: Pair{1, 1}, Groups: 1, Bias: bias}
}

func maxPool(kernel int) MaxPool2D { return MaxPool2D{Kernel: Pair{kernel, kernel}} }

func (p presetSpec) lenet() ([]Layer, error) {
	return []Layer{
		convolution(6, 5, 1, 2, true), p.act, maxPool(2),
		convolution(16, 5, 1, 0, true), p.act, maxPool(2),
		Flatten{}, Linear{Out: 120, Bias: true}, p.act, Linear{Out: 84, Bias: true}, p.act,
	}, nil
}

func (p presetSpec) cnn() ([]Layer, error) {
	return p.dropping(
		convolution(32, 3, 1, 1, true), p.act, maxPool(2),
		convolution(64, 3, 1, 1, true), p.act, maxPool(2),
		Flatten{}, Linear{Out: 128, Bias: true}, p.act,
	), nil
}

func (p presetSpec) norm() Layer {
	if p.frozen {
		return BatchNorm2D{Statistics: "frozen", Eps: 1e-5}
	}
	return GroupNorm{Groups: p.groups, Eps: 1e-5, Affine: true}
}

// small reports whether the examples are small images.
func (p presetSpec) small() bool {
	return len(p.input) == 3 && max(p.input[1], p.input[2]) <= smallImages
}

// smallResnet has three stages of some blocks each, the first of 16 channels.
func (p presetSpec) smallResnet(blocks int) ([]Layer, error) {
	width := p.widthOr(16)
	layers := []Layer{convolution(width, 3, 1, 1, false), p.norm(), p.act}
	return append(p.stages(layers, width, width, blocks, blocks, blocks), GlobalAvgPool{}), nil
}

// resnet has four stages, the first of 64 channels.
func (p presetSpec) resnet(blocks ...int) ([]Layer, error) {
	width := p.widthOr(64)
	layers := []Layer{convolution(width, 7, 2, 3, false), p.norm(), p.act,
		MaxPool2D{Kernel: Pair{3, 3}, Stride: &Pair{2, 2}, Padding: Pair{1, 1}}}
	if p.stem == 3 || p.stem == 0 && p.small() {
		layers = []Layer{convolution(width, 3, 1, 1, false), p.norm(), p.act}
	}
	return append(p.stages(layers, width, width, blocks...), GlobalAvgPool{}), nil
}

func (p presetSpec) widthOr(width int) int {
	if p.width > 0 {
		return p.width
	}
	return width
}

// stages appends basic blocks (He et al. 2015, figure 5). Each stage doubles the channels of the one before and halves the image.
func (p presetSpec) stages(layers []Layer, in, channels int, blocks ...int) []Layer {
	for stage, count := range blocks {
		for block := range count {
			r, stride := Residual{}, 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			if in != channels {
				r.Shortcut = Layers{convolution(channels, 1, stride, 0, false), p.norm()}
			}
			r.Layers = Layers{convolution(channels, 3, stride, 1, false), p.norm(), p.act, convolution(channels, 3, 1, 1, false), p.norm()}
			layers, in = append(layers, r, p.act), channels
		}
		channels *= 2
	}
	return layers
}

// wideResnet has three stages of some blocks each. A block that changes the number of channels takes its shortcut behind its first norm.
func (p presetSpec) wideResnet(blocks, factor int) ([]Layer, error) {
	in := p.widthOr(16)
	channels := factor * in
	layers := []Layer{convolution(in, 3, 1, 1, false)}
	for stage := range 3 {
		for block := range blocks {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			before := Layers{p.norm(), p.act}
			inner := Layers{convolution(channels, 3, stride, 1, false), p.norm(), p.act, convolution(channels, 3, 1, 1, false)}
			if in != channels {
				layers = append(append(layers, before...), Residual{Layers: inner, Shortcut: Layers{convolution(channels, 1, stride, 0, false)}})
			} else {
				layers = append(layers, Residual{Layers: append(before, inner...)})
			}
			in = channels
		}
		channels *= 2
	}
	return append(layers, p.norm(), p.act, GlobalAvgPool{}), nil
}

// vgg11 pools five times.
func (p presetSpec) vgg11() (layers []Layer, err error) {
	for _, channels := range []int{64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0} {
		if channels == 0 {
			layers = append(layers, maxPool(2))
			continue
		}
		layers = append(layers, convolution(channels, 3, 1, 1, true), p.act)
	}
	layers = append(layers, Flatten{})
	if !p.small() {
		layers = append(layers, Linear{Out: 4096, Bias: true}, p.act, Linear{Out: 4096, Bias: true}, p.act)
	}
	return layers, nil
}
