//go:build !unix

package timing

import "time"

// processorTime is not known.
var processorTime func() time.Duration
