package nn

import (
	"fmt"
	"strconv"
	"strings"

	"drift/graph/objective"
)

// torchvision gives parameters and buffers the names that they have in torchvision's ResNets and VGGs, where the layers are those of
// one.
func (m *Model) torchvision() {
	places := resnetPlaces(m.Layers)
	if places == nil {
		places = vggPlaces(m.Layers)
	}
	for _, tensors := range [][]objective.Param{m.params, m.buffers} {
		for i, p := range tensors {
			end := strings.LastIndexByte(p.Name, '.')
			if place, ok := places[p.Name[:max(end, 0)]]; ok {
				tensors[i].Torchvision = place + p.Name[end:]
			}
		}
	}
}

// resnetPlaces maps places of layers, as "3.shortcut.0", to torchvision's, as "layer1.0.downsample.0": a convolution with its norm,
// residual blocks, whose stages differ in channels, and a linear layer. It is nil for other networks.
func resnetPlaces(layers Layers) map[string]string {
	places := map[string]string{}
	stage, block, channels := 0, 0, 0
	for i, l := range layers {
		place := strconv.Itoa(i)
		switch l := l.(type) {
		case Conv2D:
			places[place] = "conv1"
		case GroupNorm, BatchNorm2D:
			places[place] = "bn1"
		case Linear:
			places[place] = "fc"
		case Residual:
			block++
			if out := convolved(l.Layers); stage == 0 || out != channels {
				stage, block, channels = stage+1, 0, out
			}
			name := fmt.Sprintf("layer%d.%d.", stage, block)
			branchPlaces(places, place+".", l.Layers, name)
			for k := range l.Shortcut {
				places[place+".shortcut."+strconv.Itoa(k)] = name + "downsample." + strconv.Itoa(k)
			}
		}
	}
	if stage == 0 {
		return nil
	}
	return places
}

// convolved is the channels of the last convolution.
func convolved(layers Layers) (out int) {
	for _, l := range layers {
		if c, ok := l.(Conv2D); ok {
			out = c.Out
		}
	}
	return out
}

// branchPlaces numbers the convolutions and norms of a block.
func branchPlaces(places map[string]string, prefix string, layers Layers, name string) {
	convs, norms := 0, 0
	for k, l := range layers {
		switch l.(type) {
		case Conv2D:
			convs++
			places[prefix+strconv.Itoa(k)] = fmt.Sprint(name, "conv", convs)
		case GroupNorm, BatchNorm2D:
			norms++
			places[prefix+strconv.Itoa(k)] = fmt.Sprint(name, "bn", norms)
		}
	}
}

// vggPlaces is resnetPlaces for convolutions with linear layers behind them, between which torchvision has an activation and dropout.
func vggPlaces(layers Layers) map[string]string {
	places := map[string]string{}
	convs, linears := 0, 0
	for i, l := range layers {
		switch l.(type) {
		case Conv2D, GroupNorm, BatchNorm2D:
			convs++
			places[strconv.Itoa(i)] = "features." + strconv.Itoa(i)
		case Linear:
			places[strconv.Itoa(i)] = "classifier." + strconv.Itoa(3*linears)
			linears++
		}
	}
	if convs == 0 || linears == 0 {
		return nil
	}
	return places
}
