//go:build gpu

package cudnn

import (
	"fmt"
	"strconv"
	"strings"
)

// Knob is a setting of an engine.
type Knob struct {
	Type  int32
	Value int64
}

// Engine is a way to compute a graph, with its settings.
type Engine struct {
	Index    int64
	Knobs    []Knob
	Notes    []Note // on its numbers
	Compiles bool   // it is compiled as it is needed
	graph    *Graph
	config   Descriptor
}

// String is the engine's number with its settings, such as "eng28_k2=8_k3=0".
func (e *Engine) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "eng%d", e.Index)
	for _, k := range e.Knobs {
		fmt.Fprintf(&b, "_k%d=%d", k.Type, k.Value)
	}
	return b.String()
}

// Has reports a note.
func (e *Engine) Has(notes ...Note) bool {
	for _, has := range e.Notes {
		for _, n := range notes {
			if has == n {
				return true
			}
		}
	}
	return false
}

// NotesText are the notes in words.
func (e *Engine) NotesText() string {
	var words []string
	for _, n := range e.Notes {
		word, ok := notes[n]
		if !ok {
			word = fmt.Sprint("note ", n)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// room is the most knobs that an engine is asked for.
const room = 64

// Engines are what the heuristics propose, what they take to be the fastest first: those of mode B, then of mode A, then the fallbacks. Not all
// of them can be planned. Of each mode at most limit are returned.
func (g *Graph) Engines(limit int) ([]*Engine, error) {
	var list []*Engine
	known := make(map[string]bool)
	var failed error
	for _, mode := range []int32{heuristicB, heuristicA, heuristicFallback} {
		found, err := g.propose(mode, limit)
		if err != nil {
			failed = fmt.Errorf("heuristics of mode %d: %w", mode, err)
		}
		for _, e := range found {
			if name := e.String(); !known[name] {
				known[name], list = true, append(list, e)
			}
		}
	}
	if len(list) == 0 && failed == nil {
		failed = fmt.Errorf("no engine is proposed")
	}
	if len(list) > 0 {
		failed = nil
	}
	return list, failed
}

// propose asks one mode of the heuristics. Its error does not spoil the graph.
func (g *Graph) propose(mode int32, limit int) (list []*Engine, err error) {
	defer func() { err, g.err = g.err, nil }()
	heuristic := g.create(heuristicKind)
	set(g, heuristic, heuristicGraph, descriptorElement, g.graph)
	set(g, heuristic, heuristicMode, heuristicElement, mode)
	g.finalize(heuristic, heuristicKind)
	count := min(limit, get[Descriptor](g, heuristic, heuristicResults, descriptorElement, nil))
	if count <= 0 || g.err != nil {
		return nil, nil
	}
	configs := make([]Descriptor, count)
	for k := range configs {
		configs[k] = g.create(configKind)
	}
	count = min(count, get(g, heuristic, heuristicResults, descriptorElement, configs))
	for _, config := range configs[:max(0, count)] {
		if e := g.describe(config); g.err == nil {
			list = append(list, e)
		}
	}
	return list, nil
}

// describe reads what a configuration is.
func (g *Graph) describe(config Descriptor) *Engine {
	e := &Engine{graph: g, config: config}
	engine := []Descriptor{g.create(engineKind)}
	get(g, config, configEngine, descriptorElement, engine)
	index := []int64{-1}
	get(g, engine[0], engineIndex, int64Element, index)
	e.Index = index[0]
	numerical := make([]Note, noteCount)
	e.Notes = numerical[:min(noteCount, get(g, engine[0], engineNumericalNotes, numericalNoteElement, numerical))]
	behavior := make([]int32, noteCount)
	for _, n := range behavior[:min(noteCount, get(g, engine[0], engineBehaviorNotes, behaviorNoteElement, behavior))] {
		e.Compiles = e.Compiles || n == runtimeCompilationNote
	}
	choices := make([]Descriptor, room)
	for k := range choices {
		choices[k] = g.create(knobChoiceKind)
	}
	for _, choice := range choices[:min(room, get(g, config, configKnobs, descriptorElement, choices))] {
		typ, value := []int32{0}, []int64{0}
		get(g, choice, knobType, knobElement, typ)
		get(g, choice, knobValue, int64Element, value)
		e.Knobs = append(e.Knobs, Knob{typ[0], value[0]})
	}
	return e
}

// Engine is the engine of that name, which String gave for the same graph. Its error does not spoil the graph.
func (g *Graph) Engine(name string) (e *Engine, err error) {
	index, knobs, err := parse(name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if g.err != nil {
			e, err, g.err = nil, fmt.Errorf("engine %s: %w", name, g.err), nil
		}
	}()
	engine := g.create(engineKind)
	set(g, engine, engineGraph, descriptorElement, g.graph)
	set(g, engine, engineIndex, int64Element, index)
	g.finalize(engine, engineKind)
	var choices []Descriptor
	for _, k := range knobs {
		choice := g.create(knobChoiceKind)
		set(g, choice, knobType, knobElement, k.Type)
		set(g, choice, knobValue, int64Element, k.Value)
		choices = append(choices, g.finalize(choice, knobChoiceKind))
	}
	config := g.create(configKind)
	set(g, config, configEngine, descriptorElement, engine)
	if len(choices) > 0 {
		set(g, config, configKnobs, descriptorElement, choices...)
	}
	g.finalize(config, configKind)
	return g.describe(config), nil
}

// parse reads what String wrote.
func parse(name string) (index int64, knobs []Knob, err error) {
	for k, part := range strings.Split(name, "_") {
		typ, value, isKnob := strings.Cut(strings.TrimPrefix(part, "k"), "=")
		switch {
		case k == 0 && strings.HasPrefix(part, "eng"):
			index, err = strconv.ParseInt(part[len("eng"):], 10, 64)
		case k > 0 && isKnob && strings.HasPrefix(part, "k"):
			var knob Knob
			var number int64
			if number, err = strconv.ParseInt(typ, 10, 32); err == nil {
				knob.Type = int32(number)
				knob.Value, err = strconv.ParseInt(value, 10, 64)
			}
			knobs = append(knobs, knob)
		default:
			err = strconv.ErrSyntax
		}
		if err != nil {
			return 0, nil, fmt.Errorf("%q is no engine: %w", name, err)
		}
	}
	return index, knobs, nil
}
