package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nets are a network of each kind with data for it; WORDS stands for a file of text.
var nets = map[string]string{
	"depthwise": `--data glyphs,train=24,test=8,size=8,augment=crop1+flip --model {"layers":[{"conv2d":{"out":4,"kernel":3}},"relu",` +
		`{"conv2d":{"out":4,"kernel":3,"padding":2,"dilation":2,"groups":4,"bias":false}},{"groupnorm":{"groups":2}},` +
		`{"conv2d":{"out":4,"kernel":1,"groups":2}},"silu","globalavgpool",{"linear":{"out":10}}]}`,
	"resnet":      "--data glyphs,train=24,test=8,size=8 --model resnet20,width=2,groups=1,act=gelu",
	"transformer": "--data glyphs,train=24,test=8,size=8 --model vit:4,1,2,8",
	"language":    "--data text:WORDS,context=6,train=24,test=4 --model gpt:1,2,8",
}

// Networks of each kind are measured, and train with every inverse of Σ, with every optimizer that looks into layers or at drawn labels, and
// with measurements along the way.
func TestNetworksMeasureAndTrain(t *testing.T) {
	words := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(words, []byte(strings.Repeat("the cat sat on a mat and the rat ran. ", 20)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, net := range nets {
		net = strings.ReplaceAll(net, "WORDS", words)
		m := object(t, "measure --quiet --json - --sigma-top 2 --chunk 10 "+net)
		if m["tr_sigma"].(float64) <= 0 || m["grad_tr_sigma_norm2"].(float64) <= 0 || len(m["sigma_eigenvalues"].([]any)) != 2 {
			t.Errorf("%s: measured %v", name, m)
		}
		if m["examples"].(float64) != 24 {
			t.Errorf("%s: measure saw %v examples", name, m["examples"])
		}
		for _, optimizer := range []string{"sgd --every 2", "gd-reg --emulate-batch 6", "sigma-inverse --method gram --damping 1", "sigma-inverse --method lowrank --damping 1",
			"sigma-inverse --method diagonal --damping 1", "sigma-inverse --method kronecker --damping 1", "gd-noise --noise sigma --emulate-batch 6",
			"kfac", "ekfac", "sophia --diagonal hutchinson --lr 0.001", "fisher-penalty", "muon"} {
			line := "train --quiet --json - --steps 4 --lr 0.05 " + net + " --optimizer " + optimizer
			if !strings.HasPrefix(optimizer, "gd-") {
				line += " --batch 8"
			}
			if loss, ok := object(t, line)["train"].(map[string]any)["loss"].(float64); !ok || !(loss > 0 && loss < 10) {
				t.Errorf("%s, %s: training loss %v", name, optimizer, loss)
			}
		}
	}
}
