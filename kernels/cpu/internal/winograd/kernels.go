package winograd

import "drift/kernels"

// Kernel puts G k Gᵀ for a kernel k of 9 elements into u[p·step].
func Kernel[T kernels.Float](u []T, step int, k []T) {
	k = k[:9]
	_ = u[15*step]
	var rows [12]T
	for j := range 3 {
		a, b, c := k[j], k[3+j], k[6+j]
		rows[j], rows[3+j], rows[6+j], rows[9+j] = a, (a+c+b)/2, (a+c-b)/2, c
	}
	for i := range 4 {
		a, b, c := rows[3*i], rows[3*i+1], rows[3*i+2]
		at := 4 * i * step
		u[at], u[at+step], u[at+2*step], u[at+3*step] = a, (a+c+b)/2, (a+c-b)/2, c
	}
}

// Turned is a kernel turned by half a circle, with which the gradient in the pixels is a convolution of that in the outputs.
func Turned[T kernels.Float](k []T) (turned [9]T) {
	for i, v := range k[:9] {
		turned[8-i] = v
	}
	return turned
}

// Gradient is k̄ = Gᵀ p G of 9 elements for p[p·step].
func Gradient[T kernels.Float](k, p []T, step int) {
	k = k[:9]
	_ = p[15*step]
	var rows [12]T
	for j := range 4 {
		a, b, c, d := p[j*step], p[(4+j)*step], p[(8+j)*step], p[(12+j)*step]
		rows[j], rows[4+j], rows[8+j] = a+(b+c)/2, (b-c)/2, (b+c)/2+d
	}
	for i := range 3 {
		a, b, c, d := rows[4*i], rows[4*i+1], rows[4*i+2], rows[4*i+3]
		k[3*i], k[3*i+1], k[3*i+2] = a+(b+c)/2, (b-c)/2, (b+c)/2+d
	}
}
