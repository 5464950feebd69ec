//go:build !amd64 && !arm64

package level

var names = [...]string{"portable"}

// Best is the highest level of this machine.
func Best() Level { return Portable }
