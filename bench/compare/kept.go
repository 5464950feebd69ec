package compare

import "fmt"

// keptSeed is what is finished of a seed: the runs of the first optimizers.
type keptSeed struct {
	Runs  []run `json:"runs"`
	Whole bool  `json:"whole"` // all of them, with the drift explained
}

func seedName(seed uint64) string { return fmt.Sprintf("seed-%d.json", seed) }

func trialsName(seed uint64) string { return fmt.Sprintf("trials-%d.json", seed) }
