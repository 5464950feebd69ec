//go:build gpu

package driver

// #include <cuda.h>
import "C"

import (
	"encoding/hex"
	"unsafe"

	"gorgonia.org/cu"
)

// UUID names a GPU, or a part of one that MIG has made, among all in the world.
func UUID(d cu.Device) (string, error) {
	var id C.CUuuid
	if err := result(C.cuDeviceGetUuid_v2(&id, C.CUdevice(d))); err != nil {
		return "", err
	}
	return hex.EncodeToString(C.GoBytes(unsafe.Pointer(&id), C.int(len(id.bytes)))), nil
}
