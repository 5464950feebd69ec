package main

import (
	"strings"
	"testing"
)

// drift model shows what training would use: parameters with PyTorch's names, sizes that add up, and memory that grows with the batch.
func TestModelsAreDescribed(t *testing.T) {
	text := write(t, "rhyme.txt", rhyme)
	gpt := "model gpt:1,2,16 --quiet --json - --data text:" + text + ",context=8"
	small, large := object(t, gpt+" --batch 2"), object(t, gpt+" --batch 20")
	if a, b := small["gradient_bytes"].(float64), large["gradient_bytes"].(float64); a <= 0 || b < 5*a {
		t.Errorf("gradients of 2 and 20 examples take %v and %v bytes", a, b)
	}
	first := small["tensors"].([]any)[0].(map[string]any)
	if first["name"] != "0.weight" || len(first["also"].([]any)) != 1 {
		t.Errorf("the table of the embedding is %v: want the last layer's weights under a second name", first)
	}
	sum := 0.
	for _, p := range small["tensors"].([]any) {
		size := 1.
		for _, d := range p.(map[string]any)["shape"].([]any) {
			size *= d.(float64)
		}
		sum += size
	}
	if sum != small["parameters"] {
		t.Errorf("tensors have %v elements, the model %v parameters", sum, small["parameters"])
	}
	status, stdout, stderr := drift(t, "model", `{"input":[4],"loss":"mse","layers":[{"linear":{"out":3}}]}`)
	if status != statusDone || stderr != "" || !strings.Contains(stdout, "15 parameters (60 bytes)") || !strings.Contains(stdout, "3×4") {
		t.Errorf("status %d, %s, %s", status, stdout, stderr)
	}
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{{"model", statusUsage, "needs"}, {"model lenet", statusFailed, "data"}, {"model nothing --data glyphs", statusFailed, "preset"}} {
		status, _, stderr := drift(t, strings.Fields(c.args)...)
		if status != c.status || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, %s", c.args, status, stderr)
		}
	}
}
