package level

import "golang.org/x/sys/cpu"

const (
	AVX2   Level = 1 // AVX2 and FMA, 256-bit registers
	AVX512 Level = 2 // AVX-512 F, DQ, BW and VL, 512-bit registers
)

var names = [...]string{"portable", "avx2", "avx512"}

// Best is the highest level of this machine. Package cpu asks CPUID for the instructions and XCR0 for the registers.
func Best() Level {
	x := &cpu.X86
	switch {
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX2 && x.HasFMA:
		return AVX512
	case x.HasAVX2 && x.HasFMA:
		return AVX2
	}
	return Portable
}
