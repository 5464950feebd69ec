package optim

// EKFAC is KFAC with the second moments of the gradients themselves in the eigenbasis of the factors (George et al. 2018, algorithm 1):
//
//	d = U_G [ (U_Gᵀ [∇W ∇b] U_A) / (S + δ) ] U_Aᵀ,   S = E[(U_Gᵀ ĝ U_A)²], elementwise,
//
// where U_A and U_G are the eigenvectors of A and G, and ĝ the gradient of an example at a label that the network draws. S is a running mean over
// the steps since the basis was found, each of which costs a gradient more.
type EKFAC struct {
	Heavy
	Minibatch
	Factors
}

// DefaultEKFAC is as DefaultKFAC, with bases that stay longer, as eigenvectors take more time than inverses.
var DefaultEKFAC = EKFAC{Heavy: defaultHeavy, Minibatch: defaultMinibatch, Factors: Factors{Damping: 0.1, Average: 0.95, Refresh: 50, MaxSize: 512}}

var _ Optimizer = EKFAC{}

func (o EKFAC) Direction(c Context) (Direction, error) { return newFactored(c, o.Factors, true) }
