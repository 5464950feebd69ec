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
	n := float64(len(examples))
	batch := n / float64(m)
	path, drift, diffusion := w.rest(), w.rest(), w.rest()
	var impulses []response
	for range m {
		if w.err != nil {
			break
		}
		mean := w.Gradient(examples, path.u)
		turn := func(x motion) []float64 { return times(p.curvature, w.HVP(examples, path.u, x.u)) }
		gamma := [2][]float64{turn(drift), turn(diffusion)}
		for k, r := range total(impulses, len(examples), w.rest) {
			second, third := w.Curvature(examples, path.u, r.u)
			floats.AddScaled(gamma[0], -p.population/(n*(n-1)), minus(w.HVP(examples[k:k+1], path.u, r.u), second))
			floats.AddScaled(gamma[1], -p.population*p.third/(2*n*(n-1)), third)
		}
		for _, impulse := range impulses {
			for _, x := range impulse {
				second, third := w.Curvature(examples, path.u, x.u)
				floats.AddScaled(gamma[1], p.third/(2*batch*(n-1)), third)
				d.push(x, times(p.curvature, second))
			}
		}
		impulses = append(impulses, w.respond(d, examples, path.u, mean))
		d.push(drift, gamma[0])
		d.push(diffusion, gamma[1])
		d.push(path, mean)
	}
	return SecondOrder{drift.u, diffusion.u}
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
