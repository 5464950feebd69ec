package optim

// SGD is stochastic gradient descent over minibatches: the gradient of the batch's mean loss (equation 3 of Roberts 2021).
type SGD struct {
	Heavy
	Minibatch
}

// GD is gradient descent over all examples.
type GD struct {
	Heavy
	Whole
}

var _, _ AlongGradient = SGD{}, GD{}

// The defaults of the optimizers that PyTorch's SGD is a part of.
var (
	defaultHeavy     = Heavy{Rate: Rate{LearningRate: 0.1, Schedule: "constant"}}
	defaultMinibatch = Minibatch{Batch: 32, Sampling: "shuffle"}

	DefaultSGD = SGD{Heavy: defaultHeavy, Minibatch: defaultMinibatch}
	DefaultGD  = GD{Heavy: defaultHeavy}
)

func (SGD) Direction(c Context) (Direction, error) { return NewGradient(c) }
func (GD) Direction(c Context) (Direction, error)  { return NewGradient(c) }

func (o SGD) Response() MomentumWeights { return o.MomentumWeights() }
func (o GD) Response() MomentumWeights  { return o.MomentumWeights() }
