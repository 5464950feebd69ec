//go:build gpu

package driver

/*
#include <dlfcn.h>
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// Symbols opens the shared library at path, which stays loaded, and writes the addresses of its functions to a table of the pointers
// that are named, in their order. It is an error where one is missing, save those whose names end in "?"; their pointers are nil then.
func Symbols(path string, table unsafe.Pointer, names ...string) error {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	lib := C.dlopen(cpath, C.RTLD_NOW|C.RTLD_LOCAL)
	if lib == nil {
		return errors.New(C.GoString(C.dlerror()))
	}
	var missing []string
	pointers := unsafe.Slice((*unsafe.Pointer)(table), len(names))
	for k, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		cname := C.CString(name)
		pointers[k] = C.dlsym(lib, cname)
		C.free(unsafe.Pointer(cname))
		if pointers[k] == nil && !optional {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s lacks %s", path, strings.Join(missing, ", "))
	}
	return nil
}
