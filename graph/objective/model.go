package objective

import (
	"fmt"
	"math/rand/v2"

	"drift/data/random"
	"drift/graph"
	"drift/kernels"
)

// Model is what an objective knows of a network: its parameters, what it takes and how its loss is built.
type Model interface {
	// Params lists the parameters in the order in which they lie in the flat vector θ, without gaps.
	Params() []Param
	// Inputs are the parts of one example's input, in the order in which they lie in its row of the data.
	Inputs() []Input
	// Target is what the loss compares an example's outputs with.
	Target() Input
	// Build is the outputs [n,…] for a batch of n examples. It is called for every batch size and must depend on n alone.
	// Shapes that do not fit panic, as all construction does (graph.Try).
	Build(n Net) *graph.Node
	// Losses is the loss of each example, [n], from outputs [n,…] and targets [n, Target().Shape…].
	Losses(outputs, targets *graph.Node) *graph.Node
}

// Param is one tensor of parameters, the elements Offset … Offset+Len of θ.
type Param struct {
	Name   string   // as in a PyTorch state_dict: "0.weight"
	Shape  []int    // of the graph's leaf
	Stored []int    // shape in files, where it differs from Shape
	Also   []string // other names under which files may hold it too, as those of layers that share it
	// Torchvision is its name in torchvision's network of the same layers, empty where there is none.
	Torchvision string
	Offset      int
	Len         int
	Init        func(r *rand.Rand, into []float64) // draws the initial values, [Len]; nil: zeros
}

// FileShape is the shape that the tensor has in files.
func (p Param) FileShape() []int {
	if p.Stored != nil {
		return p.Stored
	}
	return p.Shape
}

// Input is one part of an example, without the batch axis.
type Input struct {
	Name  string
	Shape []int // nil for one number
	Index int   // above 0: whole numbers below it (classes, tokens)
}

// Size is the number of elements of an example's part.
func (i Input) Size() int { return product(i.Shape) }

// DType is the element type of its nodes: Int32 for whole numbers, else that of the other numbers.
func (i Input) DType(numbers kernels.DType) kernels.DType {
	if i.Index > 0 {
		return kernels.Int32
	}
	return numbers
}

// Net is what Build makes a network of.
type Net struct {
	Params  []*graph.Node // one for each of Params, in order and of its shape
	Inputs  []*graph.Node // one for each of Inputs, [n, Shape…]; indices where it has an Index
	Buffers []*graph.Node // one for each of Buffers, in order and of its shape
	// Uniform is random numbers between 0 and 1 for every example, [n, shape…], neither included; nil in evaluation. They differ between
	// calls, steps and examples, and are the same in all passes of a step (Objective.SetStep). Calls must come in the same order for
	// every n.
	Uniform func(shape ...int) *graph.Node
}

// Scorer is a model that counts right answers. The accuracy is Σ hits / Σ of over the examples of a pass.
type Scorer interface {
	// Score is the right answers of each example and the answers that it asks for, both [n]; of may be nil for one an example.
	// A model without a score returns nil twice.
	Score(outputs, targets *graph.Node) (hits, of *graph.Node)
}

// Initial is θ as the parameters' initial distributions draw it. Each tensor is a function of the seed and of its index
// among the parameters.
func Initial(params []Param, seed uint64) []float64 {
	theta, stream := make([]float64, NumParams(params)), random.New(seed, "init")
	for i, p := range params {
		if p.Init != nil {
			p.Init(stream.At(uint64(i)).Rand, theta[p.Offset:p.Offset+p.Len])
		}
	}
	return theta
}

// NumParams is the length of θ.
func NumParams(params []Param) int {
	n := 0
	for _, p := range params {
		n += p.Len
	}
	return n
}

// check refuses a model that cannot be trained, or whose parts contradict each other, before anything is placed on a device.
func check(m Model, dtype kernels.DType) (found properties, err error) {
	params := m.Params()
	if NumParams(params) == 0 {
		return found, fmt.Errorf("the model has no parameters: there is nothing to train or measure, add a layer that has some")
	}
	at := 0
	for _, p := range params {
		if p.Offset != at || p.Len != product(p.Shape) || p.Len == 0 {
			return found, fmt.Errorf("parameter %q of shape %v lies at %d … %d of θ: want %d … %d", p.Name, p.Shape, p.Offset, p.Offset+p.Len, at, at+product(p.Shape))
		}
		at += p.Len
	}
	if len(m.Inputs()) == 0 {
		return found, fmt.Errorf("the model has no inputs")
	}
	const n = 2 // so that a sum over the batch does not pass for a loss of each example
	var loss *graph.Node
	var leaves, read []*graph.Node
	err = graph.Try(func() {
		g := graph.New()
		leaf := func(kind, name string, shape ...int) *graph.Node {
			return graph.Input(g, dtype, kind+" "+name, shape...)
		}
		data := func(kind string, in Input) *graph.Node {
			return graph.Input(g, in.DType(dtype), kind+" "+in.Name, append([]int{n}, in.Shape...)...)
		}
		net := Net{}
		for _, p := range params {
			net.Params = append(net.Params, leaf("parameter", p.Name, p.Shape...))
		}
		for _, p := range buffersOf(m) {
			net.Buffers = append(net.Buffers, leaf("buffer", p.Name, p.Shape...))
		}
		for i, in := range m.Inputs() {
			net.Inputs = append(net.Inputs, data(fmt.Sprint("input ", i), in))
		}
		examples := graph.Input(g, kernels.Int32, "examples", n)
		draw := Uniform(dtype, graph.Input(g, kernels.Int32, "key", 2), examples)
		net.Uniform = func(shape ...int) *graph.Node {
			found.random = true
			return draw(shape...)
		}
		target := data("target", m.Target())
		leaves, read = net.Params, append(net.Inputs, target, examples)
		outputs := m.Build(net)
		loss = m.Losses(outputs, target)
		found.accuracy = score(m, outputs, target).accuracy()
	})
	if err != nil {
		return found, err
	}
	if loss.Dims() != 1 || loss.Shape()[0] != n {
		return found, fmt.Errorf("losses have shape %v for a batch of %d: want one for each example, [%d]", loss.Shape(), n, n)
	}
	return found, graph.CheckExamples(loss, leaves, read...)
}

// properties are what a model shows when it is built.
type properties struct {
	accuracy accuracy // what it counts right answers of
	random   bool     // it has random parts
}

// scores is what Scorer.Score returns.
type scores struct{ hits, of *graph.Node }

func score(m Model, outputs, targets *graph.Node) (s scores) {
	if m, ok := m.(Scorer); ok {
		s.hits, s.of = m.Score(outputs, targets)
	}
	return s
}

// accuracy is what a share of right answers is a share of.
type accuracy uint8

const (
	none       accuracy = iota // there is none
	ofExamples                 // one answer an example
	ofAnswers                  // of all that Scorer counts
)

func (s scores) accuracy() accuracy {
	switch {
	case s.hits == nil:
		return none
	case s.of == nil:
		return ofExamples
	}
	return ofAnswers
}
