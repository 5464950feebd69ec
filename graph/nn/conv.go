package nn

import (
	"encoding/json"
	"fmt"
	"reflect"

	"drift/graph"
)

// pair is an attribute [height,width] that JSON may give as one number for both.
type pair [2]int

func (p *pair) UnmarshalJSON(data []byte) error {
	var one *int
	if json.Unmarshal(data, &one) == nil && one != nil {
		*p = pair{*one, *one}
		return nil
	}
	var both []int
	if json.Unmarshal(data, &both) == nil && len(both) == 2 {
		*p = pair(both)
		return nil
	}
	return &json.UnmarshalTypeError{Value: fmt.Sprintf("%.40q", data), Type: reflect.TypeFor[pair]()}
}

func (p pair) MarshalJSON() ([]byte, error) {
	if p[0] == p[1] {
		return json.Marshal(p[0])
	}
	return json.Marshal([2]int(p))
}

// slide is the shape of the positions [h′,w′] at which windows fit over padded images [h,w]:
// ⌊(h + 2·padding − kernel)/stride⌋ + 1.
func slide(in []int, kernel, stride, padding pair) ([]int, error) {
	out := make([]int, 2)
	for i := range out {
		if err := atLeastOne("kernel", kernel[i]); err != nil {
			return nil, err
		}
		if err := atLeastOne("stride", stride[i]); err != nil {
			return nil, err
		}
		if padding[i] < 0 || padding[i] > maxElements {
			return nil, fmt.Errorf("padding is %d: it must lie in 0 … %d", padding[i], maxElements)
		}
		padded := in[i] + 2*padding[i]
		if padded < kernel[i] {
			return nil, fmt.Errorf("a kernel of %d×%d does not fit into images of %d×%d with padding %d×%d",
				kernel[0], kernel[1], in[0], in[1], padding[0], padding[1])
		}
		out[i] = (padded-kernel[i])/stride[i] + 1
	}
	return out, nil
}

// conv2d is the cross-correlation with zero padding, plus a bias a channel.
type conv2d struct {
	Out     int  `json:"out"`
	Kernel  pair `json:"kernel"`
	Stride  pair `json:"stride"`
	Padding pair `json:"padding"`
	Bias    bool `json:"bias"`
}

func (conv2d) kind() string { return "conv2d" }

func (l conv2d) infer(s scope, in []int) ([]int, error) {
	if err := images(in); err != nil {
		return nil, err
	}
	if err := atLeastOne("out", l.Out); err != nil {
		return nil, err
	}
	at, err := slide(in[1:], l.Kernel, l.Stride, l.Padding)
	if err != nil {
		return nil, err
	}
	return []int{l.Out, at[0], at[1]}, s.weightAndBias([]int{l.Out, in[0], l.Kernel[0], l.Kernel[1]}, at[0]*at[1], l.Bias)
}

func (l conv2d) build(b *builder, x *graph.Node) *graph.Node {
	z := graph.Conv2D(x, b.next(), l.Stride, l.Padding)
	if l.Bias {
		z = graph.Bias(z, b.next(), 1)
	}
	return z
}
