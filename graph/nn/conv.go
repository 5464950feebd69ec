package nn

import (
	"encoding/json"
	"fmt"
	"reflect"

	"drift/graph"
)

// Pair is an attribute [height,width] that JSON may give as one number for both.
type Pair [2]int

func (p *Pair) UnmarshalJSON(data []byte) error {
	var one *int
	if json.Unmarshal(data, &one) == nil && one != nil {
		*p = Pair{*one, *one}
		return nil
	}
	var both []int
	if json.Unmarshal(data, &both) == nil && len(both) == 2 {
		*p = Pair(both)
		return nil
	}
	return &json.UnmarshalTypeError{Value: fmt.Sprintf("%.40q", data), Type: reflect.TypeFor[Pair]()}
}

func (p Pair) MarshalJSON() ([]byte, error) {
	if p[0] == p[1] {
		return json.Marshal(p[0])
	}
	return json.Marshal([2]int(p))
}

// slide is the shape of the positions [h′,w′] at which windows fit over padded images [h,w]:
// ⌊(h + 2·padding − kernel)/stride⌋ + 1.
func slide(in []int, kernel, stride, padding Pair) ([]int, error) {
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

// Conv2D is the cross-correlation with zero padding, plus a bias a channel: "weight" [Out,c,kh,kw] and "bias" [Out].
type Conv2D struct {
	Out     int  `json:"out"`
	Kernel  Pair `json:"kernel"`
	Stride  Pair `json:"stride"`
	Padding Pair `json:"padding"`
	Bias    bool `json:"bias"`
}

// Shape is [c,h,w] → [Out,h′,w′].
func (l Conv2D) Shape(s *Scope, in []int) ([]int, error) {
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
	return []int{l.Out, at[0], at[1]}, s.weightAndBias(
		weighted{shape: []int{l.Out, in[0], l.Kernel[0], l.Kernel[1]}, positions: at[0] * at[1], bias: l.Bias})
}

// Build convolves and adds.
func (l Conv2D) Build(b *Build, x *graph.Node) *graph.Node { return l.shift(b, l.convolve(b, x)) }

func (l Conv2D) convolve(b *Build, x *graph.Node) *graph.Node {
	return graph.Conv2D(x, b.Param("weight"), l.Stride, l.Padding)
}

func (l Conv2D) shift(b *Build, z *graph.Node) *graph.Node {
	if !l.Bias {
		return z
	}
	return graph.Bias(z, b.Param("bias"), 1)
}
