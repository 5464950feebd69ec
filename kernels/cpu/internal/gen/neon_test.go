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
	} {
		if c.got != c.want {
			t.Errorf("%s: %#08x, want %#08x", c.text, c.got, c.want)
		}
	}
}
