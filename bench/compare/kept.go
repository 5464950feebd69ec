package compare

import "fmt"

// keptSeed is what is finished of a seed: the runs of the first optimizers.
type keptSeed struct {
	Runs  []run `json:"runs"`
	Whole bool  `json:"whole"` // all of them, with the drift explained
}

func seedName(seed uint64) string { return fmt.Sprintf("seed-%d.json", seed) }

// trialName is the file of the i-th trial on a seed.
func trialName(seed uint64, i int) string { return fmt.Sprintf("trial-%03d.seed-%d.json", i, seed) }
