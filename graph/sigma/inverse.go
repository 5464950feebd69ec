package sigma

import (
	"drift/graph/objective"
	"drift/kernels"
)

// Inverse finds (Σ+δI)⁻¹ḡ, Σ and ḡ being those of a batch of training examples or an approximation that each inverse explains.
type Inverse interface {
	// Solve writes the product [P] at the objective's parameters and returns the batch's loss and accuracy.
	Solve(batch []int, d Damping, into kernels.Buffer) (objective.Measured, error)
	// Report is about the last Solve. It waits for the device.
	Report() (Report, error)
	// Condition is the largest over the least eigenvalue of Σ+δI, for the Σ that the last Solve took. It may cost some host time.
	Condition() (float64, error)
	// Cost is what Solve takes for n examples on average, in gradients of one example.
	Cost(n int) float64
	// State describes what lasts from one Solve to the next.
	State(s objective.State)
	Close()
}

// Damping is δ, or what determines it.
type Damping struct {
	Value    float64
	Relative bool // Value is in units of tr Σ/P, the mean eigenvalue of Σ
}

// Delta is δ for a Σ of given trace over p parameters.
func (d Damping) Delta(trace float64, p int) float64 {
	if d.Relative {
		return d.Value * trace / float64(p)
	}
	return d.Value
}

// Report is numbers of a solution x = (Σ+δI)⁻¹ḡ.
type Report struct {
	Trace   float64 // tr Σ
	Delta   float64 // δ
	Descent float64 // ⟨ḡ, x⟩
}

// memoryless is the State of an inverse that remembers nothing.
type memoryless struct{}

func (memoryless) State(objective.State) {}
