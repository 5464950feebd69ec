package theory

import "gonum.org/v1/gonum/floats"

// SecondOrder is the displacement ⟨SGD⟩ − GD after an epoch as the theory has it to second order in the noise and at all orders
// in η: its part from Hessians that meet the noise of other batches, and that from noise that meets third derivatives.
type SecondOrder struct{ Drift, Diffusion []float64 }

// Both is their sum.
func (s SecondOrder) Both() []float64 { return plus(s.Drift, 1, s.Diffusion) }

// prediction is what SecondOrder rests on. Controls and tests put wrong values in.
type prediction struct {
	curvature  float64 // factor on H where deviations are carried on: 1
	population float64 // factor on the share −1/(N(N−1)) by which the batches of a shuffle avoid each other: 1
	third      float64 // factor on ½∂tr(HV): 1
}

var propagated = prediction{curvature: 1, population: 1, third: 1}

// SecondOrder predicts what separates the mean over all shuffles of examples into m batches from full-batch descent, along the path
// of the latter (package doc, "Beyond leading order"). It keeps the response to every example's gradient at every step: of order
// Nm²/2 Hessian and third-derivative products, and N·m vectors.
func (w *World) SecondOrder(d Descent, examples []int, m int) SecondOrder {
	return w.predict(propagated, d, examples, m)
}

func (w *World) predict(p prediction, d Descent, examples []int, m int) SecondOrder {
	return w.predictCopies(p, d, examples, 1, m)
}

// predictCopies is predict for a number of copies of every example, which respond alike.
func (w *World) predictCopies(p prediction, d Descent, examples []int, copies, m int) SecondOrder {
	path, drift, diffusion := w.rest(), w.rest(), w.rest()
	var impulses []response
	for range m {
		mean := w.Gradient(examples, path.u)
		met, spread := w.quadratic(p, d, examples, copies, m, path.u, impulses)
		impulses = append(impulses, w.respond(d, examples, path.u, mean))
		d.push(drift, plus(met, p.curvature, w.HVP(examples, path.u, drift.u)))
		d.push(diffusion, plus(spread, p.curvature, w.HVP(examples, path.u, diffusion.u)))
		d.push(path, mean)
	}
	return SecondOrder{drift.u, diffusion.u}
}

// AroundMean is the displacement of SGD's mean after an epoch, from its start, as the expansion around that mean itself has it: the
// quadratic terms move the path on which they are taken. To second order in the noise it is full-batch descent and SecondOrder;
// at practical rates it is nearer to the truth. The noise of batches is amplified by a factor.
func (w *World) AroundMean(d Descent, examples []int, m int, amplitude float64) []float64 {
	path := w.rest()
	var impulses []response
	for range m {
		mean := w.Gradient(examples, path.u)
		met, spread := w.quadratic(propagated, d, examples, 1, m, path.u, impulses)
		impulses = append(impulses, w.respond(d, examples, path.u, mean))
		d.push(path, plus(mean, amplitude*amplitude, plus(met, 1, spread)))
	}
	return path.u
}

// quadratic is ⟨(h − H)ξ⟩ and ½∂tr(HV) at u, of the noise that the responses to earlier steps make up. It carries these on by a step.
func (w *World) quadratic(p prediction, d Descent, examples []int, copies, m int, u []float64, impulses []response) (met, spread []float64) {
	met, spread = make([]float64, w.Parameters()), make([]float64, w.Parameters())
	n := float64(copies * len(examples))
	each := float64(copies) / (n * (n - 1))
	for k, r := range total(impulses, len(examples), w.rest) {
		second, third := w.Curvature(examples, u, r.u)
		floats.AddScaled(met, -p.population*each, minus(w.HVP(examples[k:k+1], u, r.u), second))
		floats.AddScaled(spread, -p.population*p.third*each/2, third)
	}
	for _, impulse := range impulses {
		for _, x := range impulse {
			second, third := w.Curvature(examples, u, x.u)
			floats.AddScaled(spread, p.third*float64(m)*each/2, third)
			d.push(x, times(p.curvature, second))
		}
	}
	return met, spread
}

// response is how an epoch goes on from g_n − ḡ at one of its steps, for each example.
type response []motion

// respond is the responses to the gradients at u.
func (w *World) respond(d Descent, examples []int, u, mean []float64) response {
	r := make(response, len(examples))
	for k, n := range examples {
		r[k] = w.rest()
		d.push(r[k], minus(w.Gradient([]int{n}, u), mean))
	}
	return r
}

// total is the sum over steps, for each example.
func total(impulses []response, n int, rest func() motion) response {
	if len(impulses) == 0 {
		return nil
	}
	sum := make(response, n)
	for k := range sum {
		sum[k] = rest()
		for _, r := range impulses {
			floats.Add(sum[k].u, r[k].u)
		}
	}
	return sum
}
