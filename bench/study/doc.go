// Package study trains networks with optimizers in cells: one run of one optimizer on one problem with one seed. A Study is tasks ×
// optimizers × seeds, with budgets that are equal by what it names, tuning with the same number of trials for each optimizer, targets
// and statistics; each finished cell is a small file, so that a study goes on wherever it was stopped and can be cut into shards that
// share a folder. Package compare trains with the same Train, searches the same spaces, chooses by the same rule and keeps its runs in
// the same Store.
package study
