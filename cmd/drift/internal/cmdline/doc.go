// Package cmdline is what the commands read their flags with: checked values and lists, the options of the registered optimizers as
// flags, files that set flags, and advice on names that are not known.
package cmdline
