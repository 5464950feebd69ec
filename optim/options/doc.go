// Package options describes the options of a value by the fields of its struct, so that flags, files, help and search spaces
// need no list of their own:
//
//	type Options struct {
//		LearningRate float64 `json:"lr" range:"[0,inf)" search:"0.1 10" help:"learning rate η"`
//		Method       string  `json:"method" choose:"gram|lowrank" help:"how (Σ+δI)⁻¹ḡ is found"`
//		Batch        int     `json:"batch" range:"[1,inf)" zero:"full" help:"examples a step"`
//	}
//
// json names the option; range holds the numbers allowed, choose the words; zero is a word for 0, which is then allowed; search gives
// the least and the largest multiple of a number that a search tries; help is one line. Fields are bool, int, float64 or string.
// The fields of an embedded struct are options like the others. Defaults are no tags: they are the value itself.
package options
