package sigma

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"

	"drift/data"
	"drift/graph/objective"
	"drift/kernels"
)

// Over many samples the figures scatter as much as their standard errors say, and ‖ḡ‖² lies too high by its bias.
func TestStandardErrorsOfSamples(t *testing.T) {
	const all, drawn, samples = 60, 30, 80
	f := open(t, networks["conv"], noise(all), chunked, kernels.Float64)
	whole, err := Measure(f, f.All(objective.Train), Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var loss, norm2, trace, lossError, norm2Error, traceError, bias []float64
	for range samples {
		m, err := Measure(f, data.Draw(r, all, drawn), Wanted{SampleOf: all})
		if err != nil {
			t.Fatal(err)
		}
		loss, norm2, trace = append(loss, m.Loss), append(norm2, m.GradNorm2), append(trace, m.TraceSigma)
		s := m.Sample
		lossError, norm2Error, traceError = append(lossError, s.Loss), append(norm2Error, s.GradNorm2), append(traceError, s.TraceSigma)
		bias = append(bias, s.GradNorm2Bias)
	}
	// A deviation estimated from 80 samples is itself good to 8 %, and the first order leaves out some of ‖ḡ‖²'s.
	for _, c := range []struct {
		what           string
		values, errors []float64
	}{{"loss", loss, lossError}, {"‖ḡ‖²", norm2, norm2Error}, {"tr Σ", trace, traceError}} {
		if got, said := stat.StdDev(c.values, nil), stat.Mean(c.errors, nil); math.Abs(got-said) > 0.3*got {
			t.Errorf("%s scatters by %.4g, its standard error is %.4g", c.what, got, said)
		}
	}
	if got, said := stat.Mean(norm2, nil)-whole.GradNorm2, stat.Mean(bias, nil); math.Abs(got-said) > 4*stat.StdDev(norm2, nil)/math.Sqrt(samples) {
		t.Errorf("‖ḡ‖² of samples is %.4g too large, said to be %.4g", got, said)
	}
}

// Standard errors do not depend on the chunk, are 0 where all was drawn, and follow from the gradients themselves.
func TestContributionsOfExamples(t *testing.T) {
	for _, chunk := range []int{chunked, 64} {
		f := open(t, networks["conv"], noise(few), chunk, kernels.Float64)
		all := f.All(objective.Train)
		m, err := Measure(f, all, Wanted{SampleOf: few})
		if err != nil {
			t.Fatal(err)
		}
		if m.Sample.Loss != 0 || m.Sample.TraceSigma != 0 || m.Sample.GradNorm2Bias != 0 {
			t.Errorf("everything was drawn: %+v", m.Sample)
		}
		_, squares, along, err := m.contributions(f, all)
		if err != nil {
			t.Fatal(err)
		}
		total, sum := 0.0, 0.0
		for i := range squares {
			total, sum = total+squares[i]/(few-1), sum+along[i]
			one, err := f.NewVector()
			if err != nil {
				t.Fatal(err)
			}
			g := make([]float64, f.NumParams())
			if err = f.Gradient(all[i:i+1], one); err == nil {
				err = one.Read(g)
			}
			one.Free()
			if err != nil {
				t.Fatal(err)
			}
			want, wantAlong := 0.0, 0.0
			for k, mean := range m.Vectors[0].Values {
				want += (g[k] - mean) * (g[k] - mean)
				wantAlong += mean * (g[k] - mean)
			}
			if math.Abs(squares[i]-want) > 1e-10*m.TraceSigma || math.Abs(along[i]-wantAlong) > 1e-10*m.TraceSigma { // some hundred roundings
				t.Errorf("example %d: ‖g−ḡ‖² %v and ⟨ḡ,g−ḡ⟩ %v, want %v and %v", i, squares[i], along[i], want, wantAlong)
			}
		}
		if math.Abs(total-m.TraceSigma) > 1e-10*total || math.Abs(sum) > 1e-10*total {
			t.Errorf("contributions add up to %v of tr Σ = %v, and to %v of 0", total, m.TraceSigma, sum)
		}
	}
}
