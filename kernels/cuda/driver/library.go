//go:build gpu

package driver

/*
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

// path_of returns where the loader finds a library, or NULL. The library stays loaded.
static const char *path_of(const char *name) {
	struct link_map *map = NULL;
	void *lib = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	return lib && dlinfo(lib, RTLD_DI_LINKMAP, &map) == 0 ? map->l_name : NULL;
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Version puts the number that a library gives for its version into words. Older ones count a major version as 1,000, later ones as
// 10,000: 8906 is 8.9.6, 11803 is 11.8.3, 90100 is 9.1.0, 120803 is 12.8.3.
func Version(n int) string {
	major := 1000
	if n >= 20000 {
		major = 10000
	}
	return fmt.Sprintf("%d.%d.%d", n/major, n%major/100, n%100)
}

// Library returns the path of a shared library that the loader finds by itself, or "".
func Library(name string) string {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	return C.GoString(C.path_of(cname))
}
