//go:build gpu

package cuda

import (
	"errors"
	"fmt"
	"os"

	"drift/kernels"
	"drift/kernels/cuda/cudnn"
)

// choosing is how an engine of cuDNN is chosen for a convolution.
type choosing string

const (
	timed choosing = "timed" // the fastest of the first that the heuristics propose, whose sums always have the same order
	first choosing = "first" // the first of these, untimed
	loose choosing = "any"   // the fastest of the first, whatever rounding and order they have, if only float32 is not rounded unasked
)

// chosenEngines is what DRIFT_CUDNN_ENGINES asks for.
func chosenEngines() (choosing, error) {
	switch how := choosing(os.Getenv("DRIFT_CUDNN_ENGINES")); how {
	case "":
		return timed, nil
	case timed, first, loose:
		return how, nil
	default:
		return "", fmt.Errorf("DRIFT_CUDNN_ENGINES is %q: choose timed, first or any", string(how))
	}
}

// engines are those that were chosen so far. Within a device's life a convolution always has the same, unless memory gets scarce.
type engines struct {
	how    choosing
	folder string // of choices that other processes made and will use; "" for none
	device string // with the version of cuDNN
	known  map[wanted]*chosen
}

// wanted is a convolution and the workspace that it may have; 0 for any.
type wanted struct {
	conv  cudnn.Convolution
	limit int64
}

// chosen is the plan for a convolution, or why there is none.
type chosen struct {
	choice
	conv    cudnn.Convolution // with its layout
	plan    *cudnn.Plan
	origin  string // "timed", "cache" or "heuristic"
	refused error
	least   int64 // the least workspace of those that want too much
}

// choice is what is kept of one.
type choice struct {
	Engine       string  `json:"engine"`
	ChannelsLast bool    `json:"channels_last"`
	Apart        bool    `json:"apart"` // what follows the convolution is a kernel of its own
	Workspace    int64   `json:"workspace_bytes"`
	Microseconds float64 `json:"microseconds"` // of all its kernels, those that move operands too; 0 if it was not timed
	Tried        int     `json:"tried"`        // engines that were timed
}

// how is the engine with its layout, and whether another kernel goes on with what it makes.
func (e *chosen) how() string {
	layout := "NCHW"
	if e.ChannelsLast {
		layout = "NHWC"
	}
	if e.Apart {
		layout += " and a chain"
	}
	return e.Engine + " " + layout
}

// types are those of the factors and, if it is another, of the result.
func (e *chosen) types() string {
	names := map[cudnn.DataType]string{cudnn.Float: "float32", cudnn.Double: "float64", cudnn.BFloat16: "bfloat16"}
	if e.conv.Factors == e.conv.Result {
		return names[e.conv.Factors]
	}
	return names[e.conv.Factors] + "→" + names[e.conv.Result]
}

func (e *chosen) close() {
	if e.plan != nil {
		e.plan.Close()
	}
}

// open prepares for choices of a device's. The folder is asked for once.
func (s *engines) open(d *device) {
	name, _ := d.gpu.Name()
	s.device = name + ", cuDNN " + d.dnn.Version
	s.known = make(map[wanted]*chosen)
	if s.how != first {
		s.folder = choicesFolder(d)
	}
}

func (s *engines) close() {
	for _, e := range s.known {
		e.close()
	}
	s.known = nil
}

// lost reports an error that is none of a convolution's own.
func (s *engines) lost(err error) bool { return errors.As(err, new(*Lost)) }

// engineFor is the engine for a convolution within the workspace there is, or an error that says why there is none.
func (p *planner) engineFor(c cudnn.Convolution) (*chosen, error) {
	s := &p.device.engines
	free := wanted{conv: c}
	if e := s.known[free]; e != nil && e.refused == nil && e.Workspace <= p.workspace {
		return e, nil
	}
	tight := wanted{c, p.workspace}
	if e := s.known[tight]; e != nil {
		return e, e.refused
	}
	key, e := tight, s.known[free]
	if e == nil {
		e = p.remembered(c)
	}
	switch {
	case e != nil && e.Workspace > p.workspace:
		p.device.notice("%v %s: the engine that is used otherwise, %s, wants a workspace of %d MiB, and %d MiB are allowed: another one computes it, whose last digits differ",
			c.Direction, kernels.Describe(c.Conv), e.how(), e.Workspace>>20, p.workspace>>20)
		if s.known[free] == nil {
			e.close()
		}
		e = nil
	default:
		key = free
	}
	if e == nil {
		var err error
		if e, err = p.choose(c, key == free); err != nil {
			return nil, err
		}
	}
	if e.refused != nil {
		key = tight
	}
	s.known[key] = e
	return e, e.refused
}

// most is how many engines are timed in each layout, of those that go on and of those that do not.
const most = 4

// proposed is how many engines the heuristics are asked for.
const proposed = 32

// choose picks an engine among those that the heuristics propose. Without a place to keep the choice, nothing is timed: the next process could
// choose otherwise.
func (p *planner) choose(c cudnn.Convolution, keep bool) (*chosen, error) {
	s := &p.device.engines
	limit := most
	if s.folder == "" {
		limit = 1
	}
	var list []*chosen
	none := &chosen{conv: c}
	for k := range 4 { // a plan that goes on comes before one that does not, and NCHW before NHWC
		c.ChannelsLast, c.Apart = k >= 2, k%2 > 0
		if c.Apart && !c.Bias && !c.ReLU {
			continue
		}
		if list = append(list, p.candidates(c, limit, none)...); s.folder == "" && len(list) > 0 {
			break
		}
	}
	if len(list) == 0 {
		none.refused = none.why(p.workspace)
		return none, nil
	}
	best := list[0]
	best.origin = "heuristic"
	if s.folder != "" && len(list) > 1 {
		var err error
		if best, err = p.fastest(list); err != nil {
			return nil, err
		}
	}
	for _, e := range list {
		if e != best {
			e.close()
		}
	}
	if untimed := len(list) > 1 && best.Tried == 0; keep && s.folder != "" && !untimed {
		return p.keep(best)
	}
	return best, nil
}

// why says why no engine is left.
func (e *chosen) why(limit int64) error {
	const mib = 1 << 20
	if e.least > 0 {
		return fmt.Errorf("the least workspace is %.0f MiB, and %.0f MiB are allowed", float64(e.least)/mib, float64(limit)/mib)
	}
	return e.refused
}

// candidates are plans of the first engines that are allowed, can be planned and have room. What is wrong with the others none keeps.
func (p *planner) candidates(c cudnn.Convolution, limit int, none *chosen) (list []*chosen) {
	g, err := p.device.dnn.Graph(c)
	if err != nil {
		none.refused = err
		return nil
	}
	defer g.Close()
	proposals, err := g.Engines(proposed)
	if err != nil {
		none.refused = err
		return nil
	}
	for _, e := range proposals {
		if len(list) == limit {
			break
		}
		if why := p.forbids(e, c); why != "" {
			none.refuse(fmt.Errorf("none of its %d engines is allowed and works here: %v does not, %s", len(proposals), e, why))
			continue
		}
		plan, err := e.Plan()
		switch {
		case err != nil:
			none.refuse(fmt.Errorf("none of its %d engines is allowed and works here: %w", len(proposals), err))
		case plan.WorkspaceBytes() > p.workspace:
			if bytes := plan.WorkspaceBytes(); none.least == 0 || bytes < none.least {
				none.least = bytes
			}
			plan.Close()
		default:
			list = append(list, &chosen{conv: c, plan: plan, choice: choice{Engine: plan.Engine, ChannelsLast: c.ChannelsLast, Apart: c.Apart, Workspace: plan.WorkspaceBytes()}})
		}
	}
	return list
}

// refuse keeps the first reason.
func (e *chosen) refuse(why error) {
	if e.refused == nil {
		e.refused = why
	}
}

// forbids says why an engine is not to be used, or nothing. Factors are never rounded to 16 bits, nor sums kept in them. Tensor cores round float32
// to TF32.
func (p *planner) forbids(e *cudnn.Engine, c cudnn.Convolution) string {
	switch {
	case e.Has(cudnn.DownConvertInputs):
		return "it rounds factors to 16 bits"
	case e.Has(cudnn.ReducedPrecision):
		return "it adds up in 16 bits"
	case c.Factors == cudnn.Float && p.device.options.Precision == Full && e.Has(cudnn.TensorCore):
		return "it rounds factors to TF32"
	case p.device.engines.how == loose:
		return ""
	case e.Has(cudnn.Nondeterministic):
		return "its sums have no order"
	case e.Has(cudnn.FFT, cudnn.Winograd, cudnn.Winograd4, cudnn.Winograd6, cudnn.Winograd13):
		return "it rounds more than a sum of products: " + e.NotesText()
	}
	return ""
}
