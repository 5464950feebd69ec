package theory

import (
	"fmt"
	"math/rand/v2"
	"time"

	"drift/data/random"

	"gonum.org/v1/gonum/floats"
)

// Options of Run. The zero value of a field is its default.
type Options struct {
	Examples int       // N of the fixed training set, all of whose shuffles are taken: 8
	Batches  []int     // numbers m of batches that an epoch of it has: 2, 4, 8
	Momenta  []float64 // μ: 0.5, 0.9
	Rates    int       // learning rates of a slope: 6, at least 5
	Draws    int       // of a Monte Carlo mean: 4000
	Seed     uint64    // of the draws
	// Within, where it is above 0, is the time that Run may take one core, by an estimate from the size of the network: where the defaults take
	// longer, there are fewer examples, batches and draws, and groups of checks for which there is no time are left out. It takes the place of
	// the options above.
	Within time.Duration
	// Planned, where given, hears before the checks begin what is done within that time.
	Planned func(Plan)
	// Progress, where given, is called before each group of checks with the number done, the number of all, and what comes next.
	Progress func(done, all int, next string)
	// Checked, where given, hears of each check that is done.
	Checked func(Check)
}

// Bounds on an enumeration: some minutes of a small network.
const (
	mostEvaluations = 1 << 24
	mostExamples    = 12
)

func (o Options) withDefaults() Options {
	if o.Examples == 0 {
		o.Examples = 8
	}
	if len(o.Batches) == 0 {
		o.Batches = []int{2, 4, 8}
	}
	if o.Momenta == nil {
		o.Momenta = []float64{0.5, 0.9}
	}
	if o.Rates == 0 {
		o.Rates = 6
	}
	if o.Draws == 0 {
		o.Draws = 4000
	}
	return o
}

// Check reports options that no check can work with.
func (o Options) Check() error {
	o = o.withDefaults()
	if o.Examples < 4 || o.Examples%2 != 0 {
		return fmt.Errorf("checks on %d examples: give an even number of at least 4", o.Examples)
	}
	if o.Within < 0 {
		return fmt.Errorf("checks within %v: give a time above 0, or 0 for as long as they take", o.Within)
	}
	for _, m := range o.Batches {
		if m < 2 || o.Examples%m != 0 {
			return fmt.Errorf("an epoch of %d batches over %d examples: give numbers of at least 2 that divide the examples", m, o.Examples)
		}
		if o.Examples > mostExamples || evaluations(o.Examples, m) > mostEvaluations {
			return fmt.Errorf("an epoch of %d batches over %d examples has too many shuffles to take them all: give fewer examples", m, o.Examples)
		}
	}
	for _, mu := range o.Momenta {
		if !(mu >= 0 && mu < 1) {
			return fmt.Errorf("momentum %v: give numbers from 0 up to, not including, 1", mu)
		}
	}
	if o.Rates < leastRates || o.Draws < 100 {
		return fmt.Errorf("%d learning rates and %d draws: give at least %d and 100", o.Rates, o.Draws, leastRates)
	}
	return nil
}

// claims are the theory's constants. Controls and tests put wrong ones in.
type claims struct {
	drift         float64 // factor on the coefficient of ∂tr Σ in (13): 1
	biased        bool    // Σ with 1/N for 1/(N−1)
	antisymmetric float64 // coefficient of h^B g^C − h^C g^B in (12): 4
	divergence    float64 // sign of G_train·(G_train − G_test) in §4: 1
	beyond        prediction
}

var stated = claims{drift: 1, antisymmetric: 4, divergence: 1, beyond: propagated}

// lab is a world with what the checks share: a few examples all of whose subsets and shuffles are taken, and learning rates.
type lab struct {
	*World
	Options
	claims claims

	few  []int       // the fixed training set
	rows [][]float64 // its g_n at θ₀
	mean []float64   // its ḡ
	away []int       // the same number of test examples

	reach         float64 // how far updates on halves of the few may lead, as a learning rate
	gradientNoise float64 // length of the rounding error of a gradient
}

func newLab(w *World, o Options) (*lab, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	if len(w.Train) < o.Examples || len(w.Test) < o.Examples {
		return nil, fmt.Errorf("checking the theory: that takes %d training and %d test examples, and the data have %d and %d: give more data, or check on fewer examples",
			o.Examples, o.Examples, len(w.Train), len(w.Test))
	}
	l := &lab{World: w, Options: o, claims: stated, few: w.Train[:o.Examples], away: w.Test[:o.Examples]}
	l.rows, l.mean = l.Each(l.few, nil), l.Gradient(l.few, nil)
	l.findNoise()
	if err := l.Err(); err != nil {
		return nil, err
	}
	var err error
	l.reach, err = l.within(l.halfway(nil))
	return l, err
}

// random is a stream of its own for each purpose.
func (l *lab) random(purpose string) *rand.Rand { return stream(l.Seed, purpose) }

func stream(seed uint64, purpose string) *rand.Rand { return random.New(seed, "theory: "+purpose).Rand }

// sigma is tr Σ and ∂tr Σ over examples at θ₀, as claimed.
func (l *lab) sigma(examples []int) (trace float64, gradient []float64) {
	_, trace, gradient = l.Covariance(examples, nil)
	if l.claims.biased {
		c := 1 - 1/float64(len(examples))
		return c * trace, times(c, gradient)
	}
	return trace, gradient
}

// direction is a random mean of the gradients of the few: a way that updates could lead.
func (l *lab) direction(r *rand.Rand) []float64 {
	v, whole := make([]float64, l.Parameters()), 0.0
	for _, g := range l.rows {
		c := r.ExpFloat64()
		whole += c
		floats.AddScaled(v, c, g)
	}
	return times(-1/whole, v)
}

// directions are some of them.
func (l *lab) directions(r *rand.Rand) [][]float64 {
	return [][]float64{l.direction(r), l.direction(r), l.direction(r), l.direction(r)}
}

// times is c·v.
func times(c float64, v []float64) []float64 { return floats.ScaleTo(make([]float64, len(v)), c, v) }

// minus is x − y.
func minus(x, y []float64) []float64 { return floats.SubTo(make([]float64, len(x)), x, y) }

// plus is x + c·y.
func plus(x []float64, c float64, y []float64) []float64 {
	return floats.AddScaledTo(make([]float64, len(x)), x, c, y)
}

// meanOf is the mean of some rows.
func meanOf(rows [][]float64, chosen []int) []float64 {
	m := make([]float64, len(rows[0]))
	for _, k := range chosen {
		floats.AddScaled(m, 1/float64(len(chosen)), rows[k])
	}
	return m
}
