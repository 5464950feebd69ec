package data

import (
	"strings"
	"testing"
)

func TestNumbersThatFloat32CannotTellApartAreTold(t *testing.T) {
	const times = "t,v,y\n1700000000,0.5,1.5\n1700000001,0.25,2\n1700000002,0.1,2.5\n"
	for name, c := range map[string]struct{ table, options, want string }{
		"times":             {times, "", "moves input 1 of"},
		"normalized times":  {times, ",normalize=on", ""},
		"times to predict":  {times, ",label=t,task=regression", "moves target 1 of"},
		"plain numbers":     {"0.1,0.2,1\n0.3,0.4,2\n", "", ""},
		"a constant":        {"1700000001,0.2,1\n1700000001,0.4,2\n", "", ""},
		"large and apart":   {"1e30,0.2,1\n-1e30,0.4,2\n", "", ""},
		"for float64 alone": {"1e300,0.2,1\n-1e300,0.4,2\n", "", ""}, // refused in float32, not told
	} {
		got := Float32Notice(mustLoad(t, "csv:"+write(t, "a.csv", []byte(c.table))+c.options, Options{}).Train)
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, spec := range []string{"glyphs,train=50", "gaussian,train=50", "teacher,train=50"} {
		if got := Float32Notice(mustLoad(t, spec, Options{}).Train); got != "" {
			t.Errorf("%s: %q", spec, got)
		}
	}
}
