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
// ⌊(h + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1.
func slide(in []int, kernel, stride, padding, dilation Pair) ([]int, error) {
	out := make([]int, 2)
	for i := range out {
		if err := atLeastOne("kernel", kernel[i]); err != nil {
			return nil, err
		}
		if err := atLeastOne("stride", stride[i]); err != nil {
			return nil, err
		}
		if err := atLeastOne("dilation", dilation[i]); err != nil {
			return nil, err
		}
		if padding[i] < 0 || padding[i] > maxElements {
			return nil, fmt.Errorf("padding is %d: it must lie in 0 … %d", padding[i], maxElements)
		}
		padded, span := in[i]+2*padding[i], dilation[i]*(kernel[i]-1)+1
		if padded < span {
			return nil, fmt.Errorf("a kernel of %d×%d%s does not fit into images of %d×%d with padding %d×%d",
				kernel[0], kernel[1], dilated(dilation), in[0], in[1], padding[0], padding[1])
		}
		out[i] = (padded-span)/stride[i] + 1
	}
	return out, nil
}

func dilated(by Pair) string {
	if by == (Pair{1, 1}) {
		return ""
	}
	return fmt.Sprintf(" dilated by %d×%d", by[0], by[1])
}

// Conv2D is the cross-correlation with zero padding, plus a bias a channel: "weight" [Out,c/Groups,kh,kw] and "bias" [Out]. Channels and
// outputs fall into Groups of equal size, each of which sees its own alone: with as many groups as channels it is depthwise.
type Conv2D struct {
	Out      int  `json:"out"`
	Kernel   Pair `json:"kernel"`
	Stride   Pair `json:"stride"`
	Padding  Pair `json:"padding"`
	Dilation Pair `json:"dilation,omitzero"` // pixels from one place of a kernel to the next; zero stands for 1
	Groups   int  `json:"groups,omitzero"`   // zero stands for 1
	Bias     bool `json:"bias"`
}

// Shape is [c,h,w] → [Out,h′,w′].
func (l Conv2D) Shape(s *Scope, in []int) ([]int, error) {
	if err := images(in); err != nil {
		return nil, err
	}
	if err := atLeastOne("out", l.Out); err != nil {
		return nil, err
	}
	dilation, groups := l.spread()
	if err := atLeastOne("groups", groups); err != nil {
		return nil, err
	}
	if in[0]%groups != 0 || l.Out%groups != 0 {
		return nil, fmt.Errorf("%d channels and out %d do not both divide into %d groups", in[0], l.Out, groups)
	}
	at, err := slide(in[1:], l.Kernel, l.Stride, l.Padding, dilation)
	if err != nil {
		return nil, err
	}
	return []int{l.Out, at[0], at[1]}, s.weightAndBias(
		weighted{shape: []int{l.Out, in[0] / groups, l.Kernel[0], l.Kernel[1]}, positions: at[0] * at[1], bias: l.Bias})
}

// explicit is the layer with what zeros stand for.
func (l Conv2D) explicit() Layer {
	l.Dilation, l.Groups = l.spread()
	return l
}

// spread is the dilation and the groups, with what zeros stand for.
func (l Conv2D) spread() (dilation Pair, groups int) {
	dilation, groups = l.Dilation, l.Groups
	if dilation == (Pair{}) {
		dilation = Pair{1, 1}
	}
	if groups == 0 {
		groups = 1
	}
	return dilation, groups
}

// Build convolves and adds.
func (l Conv2D) Build(b *Build, x *graph.Node) *graph.Node { return l.shift(b, l.convolve(b, x)) }

func (l Conv2D) convolve(b *Build, x *graph.Node) *graph.Node {
	dilation, groups := l.spread()
	return graph.GroupedConv2D(x, b.Param("weight"), l.Stride, l.Padding, dilation, groups)
}

func (l Conv2D) shift(b *Build, z *graph.Node) *graph.Node {
	if !l.Bias {
		return z
	}
	return graph.Bias(z, b.Param("bias"), 1)
}
