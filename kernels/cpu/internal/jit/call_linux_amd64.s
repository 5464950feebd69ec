#include "textflag.h"

// func call(code uintptr, table *uint64, groups int)
TEXT ·call(SB), NOSPLIT, $8-24
	MOVQ code+0(FP), CX
	MOVQ table+8(FP), DI
	MOVQ groups+16(FP), SI
	CALL CX
	RET
