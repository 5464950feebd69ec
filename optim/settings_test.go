package optim

import (
	"math"
	"testing"
)

func TestSettingsThatCannotBeFollowed(t *testing.T) {
	good := Settings{Optimizer: "sgd", Rate: 0.1, Steps: 10, Batch: 10}
	for name, change := range map[string]func(*Settings){
		"optimizer": func(s *Settings) { s.Optimizer = "adam" },
		"rate":      func(s *Settings) { s.Rate = math.NaN() },
		"momentum":  func(s *Settings) { s.Momentum = 1 },
		"nesterov":  func(s *Settings) { s.Nesterov = true },
		"clip":      func(s *Settings) { s.Clip = -1 },
		"decay":     func(s *Settings) { s.WeightDecay = math.Inf(1) },
		"steps":     func(s *Settings) { s.Steps = 0 },
		"sampling":  func(s *Settings) { s.Sampling = "twice" },
		"batch":     func(s *Settings) { s.Optimizer = "gd" },
		"lambda":    func(s *Settings) { s.Optimizer, s.Batch = "gd-reg", 0 },
		"emulate":   func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch = "gd-reg", 0, 61 },
		"warmup":    func(s *Settings) { s.Warmup = 10 },
		"blocks":    func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch, s.Penalty = "gd-reg", 0, 16, "blocks" },
		"no block":  func(s *Settings) { s.Optimizer, s.Batch, s.Lambda, s.Estimator = "gd-reg", 0, 1, "difference" },
		"noise":     func(s *Settings) { s.Optimizer, s.Batch = "gd-noise", 0 },
		"single":    func(s *Settings) { s.Optimizer, s.Batch = "sigma-inverse", 1 },
		"remainder": func(s *Settings) { s.Optimizer, s.Batch = "sigma-inverse", 59 },
		"noises":    func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch, s.Noise = "gd-noise", 0, 15, "pink" },
		"penalty":   func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch, s.Penalty = "gd-reg", 0, 15, "norm" },
		"estimator": func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch, s.Estimator = "gd-reg", 0, 15, "guess" },
		"method":    func(s *Settings) { s.Optimizer, s.Method = "sigma-inverse", "dense" },
		"damping":   func(s *Settings) { s.Optimizer, s.Damping = "sigma-inverse", -1 },
	} {
		s := good
		change(&s)
		if s.Check(60) == nil {
			t.Errorf("%s: %+v was accepted", name, s)
		}
	}
	if err := good.Check(60); err != nil {
		t.Error(err)
	}
}
