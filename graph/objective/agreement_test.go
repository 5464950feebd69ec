package objective_test

import (
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/devicetest"
)

// statistics is tr Σ, the gradient, ∂tr Σ and H v on a device.
func statistics(t *testing.T, model string, device kernels.Device, dtype kernels.DType) [][]float64 {
	t.Helper()
	return measured(t, "glyphs,train=40,test=11", model, device, dtype)[1:]
}

// All statistics are the same on the device under test as on one thread of the processor, as far as rounding lets them be. In float64
// that is 10⁻¹⁰ of a vector's norm. In float32 both are compared with float64: a sum of K products that is added up in another order is
// off by another part of K·ε·‖a‖‖b‖, so that the device may be as far off as the processor is, sixteen times over, and by 16 ε where
// the processor happens to be right.
func TestDevicesAgree(t *testing.T) {
	const orders, unit = 16, 0x1p-24
	device := devicetest.Open(2)
	defer device.Close()
	host := cpu.New(cpu.Options{Threads: 1})
	defer host.Close()
	for _, model := range models {
		right := statistics(t, model, host, kernels.Float64)
		single := statistics(t, model, host, kernels.Float32)
		got64, got32 := statistics(t, model, device, kernels.Float64), statistics(t, model, device, kernels.Float32)
		for k, what := range []string{"tr Σ", "gradient", "∂tr Σ", "H v"} {
			near(t, model+", float64, "+what, got64[k], right[k], 1e-10)
			tolerance := orders * (distance(single[k], right[k]) + unit)
			if !(tolerance < 1e-3) {
				t.Errorf("%s, float32, %s: the processor itself is off by %.3g", model, what, tolerance/orders)
			}
			near(t, model+", float32, "+what, got32[k], right[k], tolerance)
		}
	}
}
