// Package train runs optimizers: the loop over steps, its log and its checkpoints, and what is measured along a run.
package train
