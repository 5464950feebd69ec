package main

import "testing"

// The words are what GNU as 2.40 makes of the text.
func TestEncodings(t *testing.T) {
	for _, c := range []struct {
		text      string
		got, want uint32
	}{
		{"fmla v0.4s, v1.4s, v2.s[0]", fmlaElement(false, 0, 1, 2, 0), 0x4f821020},
		{"fmla v23.4s, v26.4s, v30.s[3]", fmlaElement(false, 23, 26, 30, 3), 0x4fbe1b57},
		{"fmla v7.4s, v24.4s, v28.s[1]", fmlaElement(false, 7, 24, 28, 1), 0x4fbc1307},
		{"fmla v5.4s, v25.4s, v17.s[2]", fmlaElement(false, 5, 25, 17, 2), 0x4f911b25},
		{"fmla v0.2d, v1.2d, v2.d[1]", fmlaElement(true, 0, 1, 2, 1), 0x4fc21820},
		{"fmla v23.2d, v26.2d, v30.d[0]", fmlaElement(true, 23, 26, 30, 0), 0x4fde1357},
		{"fmul v0.4s, v1.4s, v2.s[0]", fmulElement(false, 0, 1, 2, 0), 0x4f829020},
		{"fmul v12.4s, v12.4s, v31.s[3]", fmulElement(false, 12, 12, 31, 3), 0x4fbf998c},
		{"fmul v9.2d, v9.2d, v31.d[1]", fmulElement(true, 9, 9, 31, 1), 0x4fdf9929},
		{"fadd v1.4s, v2.4s, v3.4s", neonWord(false, fadd, 1, 2, 3), 0x4e23d441},
		{"fsub v1.2d, v2.2d, v3.2d", neonWord(true, fsub, 1, 2, 3), 0x4ee3d441},
		{"fmul v31.4s, v30.4s, v29.4s", neonWord(false, fmul, 31, 30, 29), 0x6e3ddfdf},
		{"fdiv v1.2d, v2.2d, v3.2d", neonWord(true, fdiv, 1, 2, 3), 0x6e63fc41},
		{"fmax v1.4s, v2.4s, v3.4s", neonWord(false, fmax, 1, 2, 3), 0x4e23f441},
		{"fmin v1.2d, v2.2d, v3.2d", neonWord(true, fmin, 1, 2, 3), 0x4ee3f441},
		{"faddp v16.4s, v16.4s, v16.4s", neonWord(false, faddp, 16, 16, 16), 0x6e30d610},
		{"faddp v16.2d, v16.2d, v16.2d", neonWord(true, faddp, 16, 16, 16), 0x6e70d610},
		{"fabs v1.2d, v2.2d", neonWord(true, fabs, 1, 2, 0), 0x4ee0f841},
		{"fsqrt v1.4s, v2.4s", neonWord(false, fsqrt, 1, 2, 0), 0x6ea1f841},
		{"fcmgt v1.2d, v2.2d, v3.2d", neonWord(true, fcmgt, 1, 2, 3), 0x6ee3e441},
		{"fcmgt v1.4s, v2.4s, #0.0", neonWord(false, fcmgt0, 1, 2, 0), 0x4ea0c841},
		{"fcmlt v1.2d, v2.2d, #0.0", neonWord(true, fcmlt0, 1, 2, 0), 0x4ee0e841},
		{"and v1.16b, v2.16b, v3.16b", neonWord(false, and, 1, 2, 3), 0x4e231c41},
		{"bic v1.16b, v2.16b, v3.16b", neonWord(false, bic, 1, 2, 3), 0x4e631c41},
	} {
		if c.got != c.want {
			t.Errorf("%s: %#08x, want %#08x", c.text, c.got, c.want)
		}
	}
}
