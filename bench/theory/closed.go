package theory

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// closed is the checks of the linear model, whose data are drawn afresh.
type closed struct {
	Linear
	draws  int
	random func(purpose string) *rand.Rand
}

// linearGroups are the checks of §4's closed forms, at a generic C and at C = I.
func linearGroups(l *lab) []group {
	c := closed{Linear{Offset: []float64{0.8, -0.5, 0.3, -1.1, 0.6}, Variance: []float64{0.5, 1, 1.5, 2, 0.8}, Noise: 0.7}, 4 * l.Draws, l.random}
	white := c
	white.Variance = []float64{1, 1, 1, 1, 1}
	return []group{
		{"the linear model: moments", c.moments},
		{"the linear model: the gap", c.gap},
		{"the linear model: the drift", c.drift},
		{"the linear model: white inputs", white.white},
	}
}

// linearSize is N of a drawn data set, and linearRate the learning rate.
const (
	linearSize = 8
	linearRate = 1e-5
)

// moments checks G and Σ.
func (c closed) moments() []Check {
	r := c.random("linear moments")
	v, w := normal(r, len(c.Offset)), normal(r, len(c.Offset))
	var first, second, trace tally
	for range c.draws {
		g := c.draw(r, 1).gradient(c.Offset)
		d := minus(g, c.Gradient())
		first.add(floats.Dot(g, v))
		second.add(floats.Dot(d, v) * floats.Dot(d, w))
		trace.add(floats.Dot(d, d))
	}
	return []Check{
		average("§4 linear", "G = C d, along a random direction", floats.Dot(c.Gradient(), v), first.estimate()),
		average("§4 linear", "Σ = (dᵀCd + σ²) C + C d dᵀ C, along two random directions", c.Covariance(v, w), second.estimate()),
		average("§4 linear", "tr Σ = (dᵀCd + σ²) tr C + ‖Cd‖²", c.Trace(), trace.estimate()),
	}
}

// gap checks (9) over fresh data, plain and with M = Σ⁻¹.
func (c closed) gap() []Check {
	r := c.random("linear gap")
	var plain, inverse tally
	for range c.draws {
		train, test := c.draw(r, linearSize), c.draw(r, linearSize)
		g := train.gradient(c.Offset)
		for t, step := range map[*tally][]float64{&plain: g, &inverse: c.Inverse(g)} {
			moved := plus(c.Offset, -linearRate, step)
			t.add((test.loss(moved) - test.loss(c.Offset) - train.loss(moved) + train.loss(c.Offset)) / linearRate)
		}
	}
	p := float64(len(c.Offset))
	return []Check{
		average("(9) linear", "the gap drifts by ⟨δε⟩/η = tr Σ/N over fresh data", c.Trace()/linearSize, plain.estimate()),
		average("§4 Σ⁻¹ ◆", "with M = Σ⁻¹ it drifts by P/N, whatever the data", p/linearSize, inverse.estimate()),
		control("control: with M = Σ⁻¹ it drifts by tr Σ/N", average("§4 Σ⁻¹ ◆", "", c.Trace()/linearSize, inverse.estimate())),
	}
}

// drift checks (13) in the paper's own mean, over fresh data sets, for two and four batches.
func (c closed) drift() []Check {
	r := c.random("linear drift")
	var checks []Check
	t := c.TraceGradient()
	for _, m := range []int{2, 4} {
		var share tally
		k := float64(m*(m-1)/2) / (2 * linearSize)
		for range c.draws {
			p := c.draw(r, linearSize)
			share.add(floats.Dot(t, c.difference(p, m)) / (k * floats.Dot(t, t)))
		}
		name := fmt.Sprintf("%d batches of fresh data: GD − ⟨SGD⟩ as a share of (η²/2N)(%d) ∂tr Σ, ∂tr Σ = 2 tr C·Cd + 2C²d", m, m*(m-1)/2)
		checks = append(checks, average("(13) linear", name, 1, share.estimate()))
	}
	return checks
}

// difference is (GD − SGD)/η² over one data set, SGD averaged over an order of m batches and its reverse.
func (c closed) difference(p points, m int) []float64 {
	var there, back, full [][2]int
	size := linearSize / m
	for k := range m {
		there = append(there, [2]int{k * size, (k + 1) * size})
		back = append(back, [2]int{(m - 1 - k) * size, (m - k) * size})
		full = append(full, [2]int{0, linearSize})
	}
	sgd := plus(p.follow(c.Offset, linearRate, there), 1, p.follow(c.Offset, linearRate, back))
	return times(1/(linearRate*linearRate), plus(p.follow(c.Offset, linearRate, full), -0.5, sgd))
}

// white checks that at C = I the regularizer is L2 around w*.
func (c closed) white() []Check {
	p := float64(len(c.Offset))
	r := c.random("white inputs")
	var along, across tally
	side := normal(r, len(c.Offset))
	floats.AddScaled(side, -floats.Dot(side, c.Offset)/floats.Dot(c.Offset, c.Offset), c.Offset)
	for range c.draws {
		d := c.difference(c.draw(r, linearSize), 2)
		along.add(floats.Dot(d, c.Offset) / floats.Dot(c.Offset, c.Offset))
		across.add(floats.Dot(d, side))
	}
	square := floats.Dot(c.Offset, c.Offset)
	return []Check{
		equal("§4 linear", "at C = I, tr Σ = (P+1)‖d‖² + Pσ²", []float64{(p+1)*square + p*c.Noise*c.Noise}, []float64{c.Trace()}),
		average("§4 linear", "at C = I, SGD is drawn to w* as by L2: GD − ⟨SGD⟩ = (η²/N)(P+1) d, along d", (p+1)/linearSize, along.estimate()),
		average("§4 linear", "at C = I, it is drawn nowhere else: GD − ⟨SGD⟩ across d", 0, across.estimate()),
	}
}

func normal(r *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}
