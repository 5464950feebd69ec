package timing

import (
	"math"
	"regexp"
)

// Claim is a statement about the speed of some cases, as the README makes it.
type Claim struct {
	Work    string  // in words
	Against string  // the group of the rival
	Speed   bool    // limits are least speeds, else largest times, as multiples of the rival's
	Each    float64 // limit of each case
	Mean    float64 // limit of the geometric mean; 0: none
	Memory  float64 // limit of the memory, as a multiple of the gradient's; 0: none
	cases   *regexp.Regexp
}

func claim(work, against string, each float64, cases string) Claim {
	return Claim{Work: work, Against: against, Each: each, cases: regexp.MustCompile("^(" + cases + ")$")}
}

// Claims in the order of the README.
func Claims() []Claim {
	const shapes = "256|512|1024|2048|[a-z]+-[a-z]+"
	f32 := claim("GEMM float32: squares 256–2048 and the products of the MLP", "OpenBLAS", 0.95, "gemm/float32/("+shapes+")")
	f64 := claim("GEMM float64: the same", "OpenBLAS", 0.9, "gemm/float64/("+shapes+")")
	f32.Speed, f32.Mean, f64.Speed = true, 1, true
	trace := claim("MLP, + exact ∂tr Σ, one chunk of 1,024", baseGroup, 2.9, "mlp/trace-gradient-1024")
	trace.Memory = 4
	square, step := claim("GEMM float32, square of 2048", peakGroup, 0.85, "gemm/float32/2048"), claim("ResNet-20, SGD step, batch 128", peakGroup, 0.5, "resnet20/sgd")
	square.Speed, step.Speed = true, true
	deep := claim("ResNet-20 and the small language model, + exact ∂tr Σ", baseGroup, 3.2, "(resnet20|gpt)/trace-gradient")
	deep.Memory = 4
	further := claim("the same, each further one at the same parameters and examples", baseGroup, 2.4, "(resnet20|gpt)/hvp-further")
	further.Memory = 4
	return []Claim{
		f32, f64,
		claim("MLP, SGD step, batch 512", "PyTorch", 1, "mlp/sgd"),
		claim("CNN, SGD step, batch 128", "PyTorch", 1, "cnn/sgd"),
		claim("ResNet-20, SGD step, batch 128 of 3×32×32", "PyTorch", 0.6, "resnet20/sgd"),
		claim("small language model, SGD step, batch 12 of 64 positions", "PyTorch", 1, "gpt/sgd"),
		claim("MLP, + tr Σ", baseGroup, 1.15, "mlp/norms"),
		claim("CNN, + tr Σ", baseGroup, 1.15, "cnn/norms"),
		trace,
		claim("MLP, Hessian-vector product", baseGroup, 2.4, "mlp/hvp"),
		claim("MLP, Σv", baseGroup, 1.7, "mlp/sigma-vector"),
		claim("MLP, sigma-inverse by gram, batch 1,024", baseGroup, 2, "mlp/gram-1024"),
		claim("MLP, sigma-inverse by lowrank, 10 pairs refreshed every 10 steps", baseGroup, 1.5, "mlp/lowrank"),
		square, step,
		claim("ResNet-20 and the small language model, + tr Σ", baseGroup, 1.3, "(resnet20|gpt)/norms"),
		deep,
		claim("ResNet-20 and the small language model, a first Hessian-vector product (8/3 of the gradient's arithmetic)", baseGroup, 2.8, "(resnet20|gpt)/hvp"),
		further,
		claim("exp of float32", "PyTorch", 0.7, "map/exp"),
	}
}

// peakGroup is the rival of shares of what the processor's multiply-adds reach.
const peakGroup = "the processor's multiply-adds"

// Claimed reports whether some claim is about a case.
func Claimed(name string) bool {
	for _, c := range Claims() {
		if c.cases.MatchString(name) {
			return true
		}
	}
	return false
}

// Verdict is what was measured of a claim.
type Verdict struct {
	Claim
	Cases     int
	Worst     float64 // the least speed or the largest time as a multiple of the rival's
	WorstCase string
	Average   float64 // geometric mean
	MostSpace float64 // largest multiple of memory, 0 where unknown
	Met       bool
}

// Judge compares a claim with results. There is none (Cases is 0) where none of its cases was measured beside the rival.
func (c Claim) Judge(results []Result) Verdict {
	v := Verdict{Claim: c}
	var all []float64
	for _, r := range results {
		x, known := c.multiple(r)
		if !known || !c.cases.MatchString(r.Name) {
			continue
		}
		if len(all) == 0 || c.worse(x, v.Worst) {
			v.Worst, v.WorstCase = x, r.Name
		}
		v.MostSpace = math.Max(v.MostSpace, r.MemoryRatio)
		all = append(all, x)
	}
	v.Cases, v.Average = len(all), GeometricMean(all)
	v.Met = !c.worse(v.Worst, c.Each) && (c.Mean == 0 || !c.worse(v.Average, c.Mean)) && (c.Memory == 0 || v.MostSpace <= c.Memory)
	return v
}

// multiple is a result's speed or time as a multiple of the rival's.
func (c Claim) multiple(r Result) (x float64, known bool) {
	if c.Against == peakGroup {
		return r.Flops / r.Peak, r.Peak > 0
	}
	k := r.against(c.Against)
	if k < 0 {
		return 0, false
	}
	x = r.Against[k].Ratio.Median
	if c.Speed {
		x = 1 / x
	}
	return x, true
}

// worse reports whether a multiple is slower than another.
func (c Claim) worse(x, than float64) bool {
	if c.Speed {
		return x < than
	}
	return x > than
}
