package nn

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"drift/graph"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// smoothedLoss is PyTorch's CrossEntropyLoss of one row: Σ_c −w_c log softmax(z)_c with w = ε/C everywhere and 1−ε more at the class.
func smoothedLoss(z []float64, class int, epsilon float64) (loss float64) {
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(v)
	}
	for c, v := range z {
		weight := epsilon / float64(len(z))
		if c == class {
			weight += 1 - epsilon
		}
		loss -= weight * (v - math.Log(sum))
	}
	return loss
}

// lossesOf evaluates a loss of scores with classes.
func lossesOf(t *testing.T, l Loss, scores, classes []float64, out, target []int) []float64 {
	t.Helper()
	var node, z, y *graph.Node
	err := graph.Try(func() {
		g := graph.New()
		z, y = graph.Input(g, kernels.Float64, "z", out...), graph.Input(g, kernels.Float64, "y", target...)
		node = l.Losses(z, y)
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.Compile(devicetest.Open(1), []*graph.Node{node}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got := make([]float64, graph.Size(node))
	for _, step := range []func() error{func() error { return p.Buffer(z).Write(scores) }, func() error { return p.Buffer(y).Write(classes) },
		p.Run, func() error { return p.Buffer(node).Read(got) }} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestLabelSmoothingIsPyTorchs(t *testing.T) {
	const n, positions, c = 3, 4, 5
	scores := waves(math.Sin, n*positions*c)
	for i := range scores {
		scores[i] *= 3
	}
	row := func(r int) []float64 { return scores[r*c : (r+1)*c] }
	for _, epsilon := range []float64{0, 0.1, 1} {
		l := CrossEntropy{LabelSmoothing: epsilon}
		classes := []float64{4, 0, 2}
		var want []float64
		for i, y := range classes {
			want = append(want, smoothedLoss(row(i), int(y), epsilon))
		}
		near(t, "rows", lossesOf(t, l, scores[:n*c], classes, []int{n, c}, []int{n}), want, 1e-14)
		tokens := []float64{1, -100, 3, 0, -100, -100, 2, -100, 4, 4, 0, 1} // of which −100 are left out
		want = make([]float64, n)
		for i := range n {
			kept := 0.0
			for p := range positions {
				if y := tokens[i*positions+p]; y >= 0 {
					want[i] += smoothedLoss(row(i*positions+p), int(y), epsilon)
					kept++
				}
			}
			want[i] /= kept
		}
		near(t, "positions", lossesOf(t, l, scores, tokens, []int{n, positions, c}, []int{n, positions}), want, 1e-14)
	}
}

// JSON states the smoothing, and what it states must agree with what is asked for besides.
func TestLabelSmoothingInJSON(t *testing.T) {
	const layers = `"layers":["flatten",{"linear":{"out":3}}]}`
	model := func(loss string) string { return `{"input":[4],` + loss + layers }
	for _, c := range []struct {
		loss  string
		asked float64
		want  float64
		says  string
	}{
		{`"loss":"cross_entropy",`, 0, 0, ""},
		{`"loss":"cross_entropy",`, 0.1, 0.1, ""},
		{``, 0.1, 0.1, ""},
		{`"loss":{"cross_entropy":{"label_smoothing":0.2}},`, 0, 0.2, ""},
		{`"loss":{"cross_entropy":{"label_smoothing":0.2}},`, 0.2, 0.2, ""},
		{`"loss":{"cross_entropy":{"label_smoothing":0.2}},`, 0.1, 0, "smooths labels by 0.2, and 0.1 is asked for"},
		{`"loss":{"cross_entropy":{"label_smoothing":1.5}},`, 0, 0, "label_smoothing is 1.5"},
	} {
		m, err := Parse(model(c.loss), []int{4}, 3, CrossEntropy{LabelSmoothing: c.asked})
		switch {
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s and %v: %v, want %q", c.loss, c.asked, err, c.says)
		case c.says == "" && (err != nil || m.Loss != CrossEntropy{LabelSmoothing: c.want}):
			t.Errorf("%s and %v: %v, want a smoothing of %v", c.loss, c.asked, err, c.want)
		case c.says == "":
			text, err := json.Marshal(m)
			again, err2 := Parse(string(text), nil, 0, nil)
			if err != nil || err2 != nil || again.Loss != m.Loss {
				t.Errorf("%s does not come back: %v, %v", text, err, err2)
			}
		}
	}
}
