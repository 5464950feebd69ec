package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// results is the folder of the experiments' pages.
const results = "../../bench/results"

// The commands of the pages that take minutes and no study give their numbers again, within their intervals: make again. All of them take a core
// some ten minutes, so that the ordinary tests leave them out.
func TestPagesAgain(t *testing.T) {
	if os.Getenv("DRIFT_AGAIN") == "" {
		t.Skip("the commands of experiments take minutes: make again runs them")
	}
	for _, row := range append(secondOrderRows(), kinkRows(t)...) {
		t.Run(row.page+"/"+row.label, func(t *testing.T) {
			status, stdout, stderr := drift(t, strings.Fields("compare --quiet --optimizers sgd,gd,gd-reg --json - --out "+t.TempDir()+" "+row.command)...)
			if status != statusDone {
				if strings.Contains(stderr, "no train-images") {
					t.Skip(stderr)
				}
				t.Fatal(stderr)
			}
			found := sharesIn(t, stdout)
			for k, cell := range cellsOf(t, row.page, row.label) {
				if k < len(row.columns) && row.columns[k] != "" {
					agrees(t, row.columns[k], cell, found[row.columns[k]])
				}
			}
		})
	}
}

// stated is a row of a page's table, the command that makes it and what its cells after the label are.
type stated struct {
	page, label, command string
	columns              []string
}

func secondOrderRows() (rows []stated) {
	const more = "--steps 50 --seeds 3 --paths 4 "
	for label, command := range map[string]string{
		"nothing, 5 seeds":        "--steps 50 --seeds 5 --paths 8",
		"η = 0.03":                more + "--lr 0.03",
		"batches of 20":           more + "--batch 20",
		"batches of 50":           more + "--batch 50",
		"η = 0.05, momentum 0.5":  more + "--lr 0.05 --momentum 0.5",
		"η = 0.01, momentum 0.9":  more + "--lr 0.01 --momentum 0.9",
		"ReLU (`--model mlp:64`)": more + "--model mlp:64",
		"batches of 5":            more + "--batch 5",
		"η = 0.2":                 more + "--lr 0.2",
		"η = 0.3":                 more + "--lr 0.3",
		"Fashion-MNIST, η = 0.05": more + "--lr 0.05 --data fashion-mnist,train=500,test=500,label-noise=0.2",
	} {
		rows = append(rows, stated{"second-order.md", label, command, []string{"regularizer", "drift", "diffusion", "both", "around_mean"}})
	}
	return rows
}

// kinkRows are those of the table of rounded kinks, a command for each rate.
func kinkRows(t *testing.T) (rows []stated) {
	models := map[string]string{"tanh": "mlp:64,act=tanh", "ReLU": "mlp:64"}
	for _, beta := range []string{"1", "5", "20", "100"} {
		path := filepath.Join(t.TempDir(), "net.json")
		network := `{"layers":["flatten",{"linear":{"out":64}},{"softplus":{"beta":` + beta + `}},{"linear":{"out":10}}]}`
		if err := os.WriteFile(path, []byte(network), 0o666); err != nil {
			t.Fatal(err)
		}
		models["softplus, β = "+beta] = path
	}
	for label, model := range models {
		for k, rate := range []string{"0.1", "0.03", "0.01"} {
			columns := make([]string, k+1)
			columns[k] = "regularizer"
			rows = append(rows, stated{"kinks.md", label,
				"--data glyphs,train=500,test=2000,label-noise=0.2 --steps 1 --seeds 5 --batch 10 --lr " + rate + " --model " + model, columns})
		}
	}
	return rows
}

// share is one of a comparison's JSON.
type share struct {
	Mean, CI95, Bound *float64
}

// sharesIn finds what explains how much in a comparison.
func sharesIn(t *testing.T, text string) map[string]share {
	t.Helper()
	var outcome struct {
		Rows []struct {
			Optimizer string
			Explained share `json:"drift_explained"`
		}
		Second map[string]json.RawMessage `json:"second_order"`
	}
	if err := json.Unmarshal([]byte(text), &outcome); err != nil {
		t.Fatal(err)
	}
	found := map[string]share{"regularizer": outcome.Rows[len(outcome.Rows)-1].Explained}
	for _, name := range []string{"drift", "diffusion", "both", "around_mean"} {
		var s share
		if err := json.Unmarshal(outcome.Second[name], &s); err != nil {
			t.Fatal(err)
		}
		found[name] = s
	}
	return found
}

// cellsOf are the cells after the label of the row that begins with it, in the last table of a page that has such a row.
func cellsOf(t *testing.T, page, label string) (cells []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(results, page))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if parts := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"); strings.TrimSpace(parts[0]) == label && len(parts) > 1 {
			cells = parts[1:]
		}
	}
	if cells == nil {
		t.Fatalf("%s has no row %q", page, label)
	}
	return cells
}

// agrees holds a number of a page against the one that is found now: they may differ by both half widths together. What is not resolved is held by
// its bound.
func agrees(t *testing.T, name, cell string, now share) {
	t.Helper()
	cell, _, _ = strings.Cut(strings.ReplaceAll(strings.ReplaceAll(cell, "*", ""), "−", "-"), "(")
	cell, bound := strings.CutPrefix(strings.TrimSpace(cell), "≥ ")
	mean, half, _ := strings.Cut(cell, "±")
	was, err := strconv.ParseFloat(strings.TrimSpace(mean), 64)
	if err != nil {
		t.Fatalf("%s: %q is no number", name, cell)
	}
	apart := func(x *float64) float64 {
		if x == nil {
			return math.NaN()
		}
		return *x
	}
	width, _ := strconv.ParseFloat(strings.TrimSpace(half), 64)
	got, margin := apart(now.Mean), width+apart(now.CI95)
	const digit = 0.001 // to which pages round
	ok := math.Abs(got-was) <= margin+digit
	if now.Mean == nil || bound { // one of them only says what it is at least
		if now.Mean == nil {
			got = apart(now.Bound)
		}
		ok = got >= was-width-0.05
	}
	if !ok {
		t.Errorf("%s: the page says %s, and now it is %s", name, cell, fmt.Sprintf("%.4f ± %.4f (bound %v)", apart(now.Mean), apart(now.CI95), apart(now.Bound)))
	}
}
