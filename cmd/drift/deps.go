package main

// What other parts of the module need, kept in go.mod until they import it themselves.
import (
	_ "github.com/mmcloughlin/avo/build"
	_ "github.com/nlpodyssey/safetensors"
	_ "github.com/sbinet/npyio"
	_ "github.com/sbinet/npyio/npz"
	_ "go4.org/unsafe/assume-no-moving-gc"
	_ "gonum.org/v1/gonum/blas/gonum"
	_ "gonum.org/v1/gonum/mat"
	_ "gorgonia.org/gorgonia"
	_ "gorgonia.org/tensor"
	_ "pgregory.net/rapid"
)
