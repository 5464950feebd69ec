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

import "unsafe"

// Library returns the path of a shared library that the loader finds by itself, or "".
func Library(name string) string {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	return C.GoString(C.path_of(cname))
}
