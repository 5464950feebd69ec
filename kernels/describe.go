package kernels

import (
	"fmt"
	"strings"
)

// Describe is a primitive's sizes in words, as a profile shows them: "512×1024×784 NT", "128×32×28×28 ⋆ 64×3×3".
func Describe(op Primitive) string {
	switch p := op.(type) {
	case Gemm:
		return p.describe()
	case Conv:
		return convolution(p)
	case ConvInput:
		return convolution(Conv(p))
	case ConvWeight:
		return convolution(Conv(p))
	case Map:
		return fmt.Sprint(p.N) + p.functions()
	case Reduce:
		return fmt.Sprintf("%d×%d×%d%s", p.A, p.B, p.C, p.Map.functions())
	case Cast:
		return fmt.Sprint(p.N)
	case Number:
		return fmt.Sprint(p.N)
	case Known:
		return fmt.Sprint(p.N)
	case Permute:
		return fmt.Sprintf("%s → %v", times(p.Shape[:p.Rank]...), p.Perm[:p.Rank])
	case Slice:
		return fmt.Sprintf("%s [%d:%d]", times(p.A, p.B, p.C), p.From, p.To)
	case Pad:
		return fmt.Sprintf("%s [%d:%d]", times(p.A, p.B, p.C), p.From, p.To)
	case Softmax:
		return times(p.Rows, p.Cols)
	case CrossEntropy:
		return times(p.Rows, p.Cols)
	case Correct:
		return times(p.Rows, p.Cols)
	case Pick:
		return times(p.Rows, p.Cols)
	case Place:
		return times(p.Rows, p.Cols)
	case Gather:
		return fmt.Sprintf("%s of %d", times(p.Rows, p.Width), p.Table)
	case Unpack:
		text := fmt.Sprintf("%s of %d", times(p.Rows, p.Groups, p.Height, p.Width), p.Table)
		if p.Moved {
			text += " moved"
		}
		return text
	case Uniform:
		return times(p.Rows, p.Width)
	case Scatter:
		return fmt.Sprintf("%s to %d", times(p.Rows, p.Width), p.Table)
	case interface{ describe() string }:
		return p.describe()
	}
	return ""
}

func (p Gemm) describe() string {
	letters := [2]string{"N", "T"}
	text := times(p.M, p.N, p.K)
	if p.Batch != 1 {
		text = fmt.Sprintf("%d of %s", p.Batch, text)
	}
	return text + " " + letters[bit(p.TransA)] + letters[bit(p.TransB)]
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func convolution(p Conv) string {
	text := fmt.Sprintf("%s ⋆ %s", times(p.N, p.C, p.H, p.W), times(p.O, p.KH, p.KW))
	if p.StrideH != 1 || p.StrideW != 1 {
		text += " / " + times(p.StrideH, p.StrideW)
	}
	if h, v := p.Dilation(); h != 1 || v != 1 {
		text += " dilated " + times(h, v)
	}
	if p.Parts() > 1 {
		text += fmt.Sprintf(" in %d groups", p.Groups)
	}
	if p.PerExample {
		text += " per example"
	}
	return text
}

// describe is for the primitives that embed a Window.
func (w Window) describe() string {
	return fmt.Sprintf("%s by %s / %s", times(w.N, w.C, w.H, w.W), times(w.KH, w.KW), times(w.StrideH, w.StrideW))
}

// functions is a chain's functions in order, at most six by name.
func (p Map) functions() string {
	const most = 6
	var names []string
	for k, i := range p.Code {
		if k == most {
			names = append(names, fmt.Sprintf("and %d more", len(p.Code)-most))
			break
		}
		names = append(names, i.Fn.String())
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, " ")
}

// times joins sizes: 28×28.
func times(sizes ...int) string {
	text := make([]string, len(sizes))
	for k, s := range sizes {
		text[k] = fmt.Sprint(s)
	}
	return strings.Join(text, "×")
}
