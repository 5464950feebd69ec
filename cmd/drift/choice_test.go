package main

import (
	"strings"
	"testing"
)

// An optimizer can be there twice with other options, and its rows have names that tell them apart.
func TestComparisonOfOneOptimizerWithItself(t *testing.T) {
	out := object(t, smallComparison+"--steps 5 --seeds 1 --shuffles 0 --quiet --json - --optimizers sgd,sgd:lr=0.5,gd --out "+t.TempDir())
	rows := out["rows"].([]any)
	for i, want := range []struct {
		name string
		lr   float64
	}{{"sgd", 0.1}, {"sgd:lr=0.5", 0.5}, {"gd", 0.1}} {
		row := rows[i].(map[string]any)
		if lr := row["settings"].(map[string]any)["lr"]; row["optimizer"] != want.name || lr != want.lr {
			t.Errorf("row %d is of %v with lr %v, want %+v", i, row["optimizer"], lr, want)
		}
	}
}

// What the default comparison sets for sigma-inverse gives way to flags of the command line.
func TestFlagsOverruleTheDefaultChoice(t *testing.T) {
	small := strings.Replace(smallComparison, "--optimizers sgd,gd,gd-reg", "", 1) + "--steps 5 --seeds 1 --shuffles 0 --quiet --json - --out "
	for args, want := range map[string][2]float64{"": {0.02, 5}, " --lr 0.3": {0.3, 5}, " --damping 7": {0.02, 7}} {
		rows := object(t, small+t.TempDir()+args)["rows"].([]any)
		row := rows[3].(map[string]any)
		settings := row["settings"].(map[string]any)
		if row["optimizer"] != "sigma-inverse" || settings["lr"] != want[0] || settings["damping"] != want[1] {
			t.Errorf("%q: %v with %v", args, row["optimizer"], settings)
		}
	}
}
