// Package optim trains: directions (what is computed from the data at the current weights), transformations of a gradient
// (clip, weight decay, momentum) compiled into one update program on the device, schedules of the learning rate as functions
// of the step, and the loop with its metrics and checkpoints. A run is a function of its settings and its seed.
package optim
