//go:build !unix

package rundir

import (
	"io"
	"os"
)

// lockFolder only opens the folder: this system has no lock that ends with the process.
func lockFolder(path string) (io.Closer, error) { return os.Open(path) }
