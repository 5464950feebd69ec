package main

import (
	"github.com/spf13/cobra"

	"drift/cmd/drift/internal/machine"
	"drift/kernels/cuda"
)

func (a *app) envCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Show devices, CPU features, limits and libraries, and what drift chooses here",
		Long: `env shows what this machine offers and what drift uses of it: the processor's vector
instructions, threads, memory and their limits; the GPU with its driver and libraries, or what is
missing to use it; the results of a short trial of the GPU (which convolutions cuDNN refuses, whether
programs can be replayed as CUDA graphs); and the device that --device auto chooses.`,
		Example: "  drift env\n  drift env --json -",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			e := machine.Find(a.device, a.threads)
			e.Trial = e.Try(cuda.Options{Precision: a.precision})
			if _, err := e.Table().WriteTo(a.human()); err != nil {
				return err
			}
			return a.writeJSON(e)
		},
	}
}
