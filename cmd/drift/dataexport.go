package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"drift/data"
	"drift/data/atomicfile"
	"drift/kernels"
)

func (a *app) dataExportCommand() *cobra.Command {
	var folder, out string
	cmd := &cobra.Command{
		Use:   "export SPEC --out FILE.npz",
		Short: "Write the data of a spec as NumPy arrays",
		Long: `export writes the parts of a data set as x_train, y_train, x_test, y_test and, where there is a validation
part, x_valid and y_valid: the inputs [N, …] as training reads them, normalized where the spec says so, in the
precision of --dtype, or as int64 where they are tokens, and classes as int64. Random changes of images are not
applied. Another framework can thus be given the same examples, and --data npz:FILE.npz reads the first four.`,
		Example: "  drift data export images:photos.zip,train=10000,normalize=on --out photos.npz",
		Args:    oneArgument("a data spec, such as glyphs,train=1000"),
		RunE: func(_ *cobra.Command, args []string) error {
			if filepath.Ext(out) != ".npz" {
				return usagef("exported data need a file: name one with --out FILE.npz")
			}
			if err := checkWritable("out", out, "a file"); err != nil {
				return err
			}
			split, err := data.Load(args[0], data.Options{Dir: folder, Seed: a.seed})
			if err != nil {
				return err
			}
			a.notices(split)
			err = atomicfile.Write(out, func(w io.Writer) error {
				if a.dtype == kernels.Float64 {
					return data.WriteNPZ[float64](w, split)
				}
				return data.WriteNPZ[float32](w, split)
			})
			if err != nil {
				return fmt.Errorf("exporting the data: %w", err)
			}
			fmt.Fprintf(a.human(), "%d training, %d test and %d validation examples are in %s\n", split.Train.Len(), split.Test.Len(), split.Valid.Len(), out)
			return a.writeJSON(map[string]any{"spec": args[0], "out": out, "train": split.Train.Len(), "test": split.Test.Len(), "valid": split.Valid.Len()})
		},
	}
	dataDir(cmd.Flags(), &folder)
	cmd.Flags().StringVar(&out, "out", "", "write the arrays to this `file`, FILE.npz")
	return cmd
}
