//go:build gpu

package driver

// #include <cuda.h>
import "C"

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"
)

// result makes the error that cu would return for a status, nil for success.
func result[C ~uint32](status C) error {
	if status == 0 {
		return nil
	}
	return like(cu.Success, int(status))
}

// like converts n to the type of model, which cu does not export.
func like[T ~int](_ T, n int) T { return T(n) }

// Code is the driver's number of an error that cu or this package returned, 0 for others.
func Code(err error) int {
	code := cu.Success
	errors.As(err, &code)
	return int(code)
}

// Explain adds the driver's own words and number to an error of the driver: cu has names for those of CUDA 10 only.
func Explain(err error) error {
	var text *C.char
	if code := Code(err); code != 0 && C.cuGetErrorString(C.CUresult(code), &text) == 0 {
		return fmt.Errorf("%w: %s (error %d)", err, C.GoString(text), code)
	}
	return err
}
