package level

// NEON is Advanced SIMD with 128-bit registers, which every arm64 processor has.
const NEON Level = 1

var names = [...]string{"portable", "neon"}

// Best is the highest level of this machine.
func Best() Level { return NEON }
