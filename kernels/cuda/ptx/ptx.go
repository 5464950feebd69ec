// Package ptx embeds the kernels, compiled to PTX by build.sh for compute capability 8.0 and later.
package ptx

import _ "embed"

// The kernel files, by what they compute: see the .cu file of the same name.
var (
	//go:embed rows.ptx
	Rows string
	//go:embed attention.ptx
	Attention string
	//go:embed attention_hvp.ptx
	AttentionHVP string
	//go:embed table.ptx
	Table string
	//go:embed unpack.ptx
	Unpack string
	//go:embed random.ptx
	Random string
	//go:embed copies.ptx
	Copies string
	//go:embed move.ptx
	Move string
	//go:embed window.ptx
	Window string
	//go:embed pool.ptx
	Pool string
	// Functions are no kernels: package emit puts them into those that it writes.
	//go:embed functions.ptx
	Functions string
)
