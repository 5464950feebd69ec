//go:build !amd64

package level

// Best is the highest level of this machine.
func Best() Level { return Portable }
