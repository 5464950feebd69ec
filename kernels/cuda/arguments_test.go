//go:build gpu

package cuda

import (
	"fmt"
	"regexp"
	"testing"
	"unsafe"
)

// The driver copies the number of bytes that the compiled kernel takes: the Go structs must have that size.
func TestArgumentsMatchTheKernels(t *testing.T) {
	sizes := map[string]uintptr{}
	for kernel := range family {
		switch kernel {
		case "softmax", "crossentropy", "correct", "pick", "place":
			sizes[kernel] = unsafe.Sizeof(rowArgs{})
		case "attention", "attention_dots", "attention_queries", "attention_keys", "attention_means", "attention_tangent", "attention_hvp_queries", "attention_hvp_keys":
			sizes[kernel] = unsafe.Sizeof(attentionArgs{})
		case "gather", "gathernarrow", "scatter":
			sizes[kernel] = unsafe.Sizeof(tableArgs{})
		case "cast", "number", "known":
			sizes[kernel] = unsafe.Sizeof(castArgs{})
		case "uniform":
			sizes[kernel] = unsafe.Sizeof(uniformArgs{})
		case "unpack":
			sizes[kernel] = unsafe.Sizeof(unpackArgs{})
		case "copies":
			sizes[kernel] = unsafe.Sizeof(copiesArgs{})
		case "permute":
			sizes[kernel] = unsafe.Sizeof(permuteArgs{})
		case "transpose":
			sizes[kernel] = unsafe.Sizeof(transposeArgs{})
		case "slice", "pad":
			sizes[kernel] = unsafe.Sizeof(sliceArgs{})
		default:
			sizes[kernel] = unsafe.Sizeof(windowArgs{})
		}
		types := []string{"_f32", "_f64"}
		switch kernel {
		case "known":
			types = []string{"_i32"}
		case "gathernarrow", "copies":
			types = []string{"_f32"}
		case "cast", "number", "uniform", "attention", "attention_dots", "attention_queries", "attention_keys", "attention_means", "attention_tangent", "attention_hvp_queries",
			"attention_hvp_keys": // which are told what is stored how
		default:
			types = append(types, "_b16")
		}
		for _, suffix := range types {
			found := regexp.MustCompile(`\b` + kernel + suffix + `_param_0\[(\d+)\]`).FindStringSubmatch(*family[kernel])
			if found == nil || found[1] != fmt.Sprint(sizes[kernel]) {
				t.Errorf("%s%s takes %v bytes, its struct has %d", kernel, suffix, found, sizes[kernel])
			}
		}
	}
}

func TestDivisionByMultiplication(t *testing.T) {
	quotient := func(n uint32, by divisor) uint32 { return (uint32(uint64(n)*uint64(by.Factor)>>32) + n) >> by.Shift }
	for _, d := range []uint32{1, 2, 3, 7, 9, 10, 288, 641, 1<<16 - 1, 1 << 16, 1<<30 - 1, 1<<30 + 1, 1<<31 - 1} {
		by := divide(int(d))
		for _, n := range []uint32{0, 1, d - 1, d, d + 1, 2*d - 1, 1<<31/d*d - 1, 1 << 31 / d * d, 1<<31 - 1, 123456789} {
			if n < 1<<31 && quotient(n, by) != n/d {
				t.Errorf("%d / %d is %d, want %d", n, d, quotient(n, by), n/d)
			}
		}
	}
}
