package main

import (
	"strings"
	"testing"

	"drift/graph/nn"
	"drift/kernels"
	"drift/kernels/cpu"
)

// small is a device with little memory left.
type small struct {
	kernels.Device
	free int64
}

func (d small) FreeBytes() int64 { return d.free }

func TestModelThatCannotFitIsRefusedBeforeItIsDrawn(t *testing.T) {
	model, err := nn.Parse("linear", []int{99}, 10, nn.CrossEntropy) // 1,000 parameters
	if err != nil {
		t.Fatal(err)
	}
	dev := cpu.New(cpu.Options{Threads: 1})
	defer dev.Close()
	for free, want := range map[int64]bool{15999: false, 16000: true} { // two vectors of float32 and one of float64
		if err := fits(small{dev, free}, model, kernels.Float32); (err == nil) != want || err != nil && !strings.Contains(err.Error(), "narrower") {
			t.Errorf("with %d bytes free: %v", free, err)
		}
	}
}
