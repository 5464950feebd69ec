package study

import (
	"fmt"
	"strings"
)

// stage is what a cell is for. Cells of a stage wait for those of the one before.
type stage string

const (
	trialStage    stage = "trial"
	finalistStage stage = "finalist"
	finalStage    stage = "final"
)

// cell is one run: of an optimizer on a task with a seed.
type cell struct {
	stage           stage
	task, optimizer int
	number          int // of the trial, or the place of the finalist
	seed            uint64
}

// cells are those of a study in the order in which they are done.
func (s Study) cells() (all []cell) {
	for t := range s.Tasks {
		for o := range s.Optimizers {
			if s.tuned(o) {
				for k := range s.Tuning.Trials {
					all = append(all, cell{trialStage, t, o, k, s.Tuning.Seed})
				}
			}
		}
	}
	for t := range s.Tasks {
		for again := range s.Tuning.Again {
			for o := range s.Optimizers {
				for k := range min(s.Tuning.Finalists, s.Tuning.Trials) {
					if s.tuned(o) {
						all = append(all, cell{finalistStage, t, o, k, s.Tuning.Seed + uint64(again) + 1})
					}
				}
			}
		}
	}
	for t := range s.Tasks {
		for _, seed := range s.Seeds {
			for o := range s.Optimizers {
				all = append(all, cell{finalStage, t, o, 0, seed})
			}
		}
	}
	return all
}

func (s Study) tuned(optimizer int) bool {
	return s.Tuning.Trials > 0 && !s.Optimizers[optimizer].Fixed
}

// file is the name under which a cell is kept.
func (s Study) file(c cell) string {
	name := fmt.Sprintf("%02d-%s.%02d-%s.%s", c.task, slug(s.Tasks[c.task].Name), c.optimizer, slug(s.Optimizers[c.optimizer].Name), c.stage)
	if c.stage != finalStage {
		name += fmt.Sprintf("-%02d", c.number)
	}
	return fmt.Sprintf("%s.seed-%d.json", name, c.seed)
}

// slug is a name as any file system takes it.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, name)
}

// words say what a cell is.
func (s Study) words(c cell) string {
	words := fmt.Sprintf("%s, %s, seed %d", s.Tasks[c.task].Name, s.Optimizers[c.optimizer].Name, c.seed)
	if c.stage != finalStage {
		words += fmt.Sprintf(", %s %d", c.stage, c.number+1)
	}
	return words
}

// Shard is every Of-th cell, from Index on. The zero Shard is all of them.
type Shard struct{ Index, Of int }

// ParseShard reads "3/16".
func ParseShard(text string) (Shard, error) {
	var s Shard
	if n, err := fmt.Sscanf(text+" ", "%d/%d ", &s.Index, &s.Of); n != 2 || err != nil || fmt.Sprintf("%d/%d", s.Index, s.Of) != text || s.Index < 0 || s.Of < 1 || s.Index >= s.Of {
		return Shard{}, fmt.Errorf("got %q: give INDEX/NUMBER, such as 0/16 to 15/16", text)
	}
	return s, nil
}

func (s Shard) String() string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Of)
}

// Has reports whether a cell, counted from 0, is one of the shard's.
func (s Shard) Has(number int) bool { return s.Of == 0 || number%s.Of == s.Index }
