package optim

// KFAC steps by an inverse of the Fisher information F that takes it apart into Kronecker products, layer by layer (Martens and Grosse 2015; for
// convolutions Grosse and Martens 2016):
//
//	F ≈ A ⊗ G,   A = E[Σ_t ā āᵀ],   G = E[Σ_t δ δᵀ]/T,   d = (G + √δ₀/π I)⁻¹ [∇W ∇b] (A + π√δ₀ I)⁻¹,   π² = (tr A/dim A)/(tr G/dim G),
//
// with ā what enters a layer at position t of T, and 1 behind it for the bias, and δ the derivative of −log p(ŷ) in what leaves it. The labels ŷ are
// drawn from the network's own distribution, so that F is the true Fisher information; sigma-inverse with method kronecker takes the labels of
// the data and the gradients less their mean, which makes it Σ. δ₀ is Damping. Parameters that are no weight of a layer, and layers wider than
// MaxSize, have the diagonal of F: ∇/(diag F + δ₀).
//
// The means run over batches with weight min(1 − 1/k, Average) for the old one at the k-th. What the paper adds on top, a rescaling by the
// quadratic model and a damping that adapts, is left out, as most implementations do: lr, momentum and damping are options. Each group of a
// convolution is a layer of its own.
type KFAC struct {
	Heavy
	Minibatch
	Factors
}

// Factors is the options of Kronecker factors of the Fisher information.
type Factors struct {
	Damping float64 `json:"damping" range:"(0,inf)" search:"0.01 10" help:"δ, added to the Fisher information"`
	Average float64 `json:"average" range:"[0,1)" help:"β of the running means of the factors"`
	Refresh int     `json:"refresh" range:"[1,inf)" help:"steps between refreshments of the factors and of what is inverted"`
	MaxSize int     `json:"max_size" range:"[0,inf)" help:"most inputs or outputs of a layer that has factors; others have a diagonal"`
}

var defaultFactors = Factors{Damping: 0.1, Average: 0.95, Refresh: 10, MaxSize: 512}

// DefaultKFAC has the paper's running mean.
var DefaultKFAC = KFAC{Heavy: defaultHeavy, Minibatch: defaultMinibatch, Factors: defaultFactors}

var _ Optimizer = KFAC{}

func (o KFAC) Direction(c Context) (Direction, error) { return newFactored(c, o.Factors, false) }
