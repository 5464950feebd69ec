package options

import (
	"errors"
	"math"
	"slices"
	"testing"
)

type shared struct {
	Rate float64 `json:"lr" range:"[0,inf)" search:"0.1 10" help:"learning rate"`
	Up   int     `json:"warmup" range:"[0,inf)" help:"steps"`
}

type sample struct {
	shared
	Batch  int     `json:"batch" range:"[1,inf)" zero:"full" help:"examples a step"`
	Mu     float64 `json:"momentum" range:"[0,1)" help:"μ"`
	Free   float64 `json:"lambda" help:"any"`
	Method string  `json:"method" choose:"gram|lowrank" help:"how"`
	On     bool    `json:"nesterov" help:"whether"`
	Hidden int
}

var standard = sample{shared: shared{Rate: 0.1}, Batch: 32, Method: "gram"}

func TestOptionsAreTheFieldsWithAName(t *testing.T) {
	var names []string
	for _, f := range Of(standard) {
		names = append(names, f.Name)
	}
	if want := []string{"lr", "warmup", "batch", "momentum", "lambda", "method", "nesterov"}; !slices.Equal(names, want) {
		t.Errorf("options %v, want %v", names, want)
	}
	if f, _ := Find(standard, "lr"); f.Search == nil || *f.Search != (Span{0.1, 10}) || f.Help != "learning rate" {
		t.Errorf("lr is %+v", f)
	}
}

// Set changes a copy, through an interface too, and Get reads back what Set was given.
func TestSetAndGet(t *testing.T) {
	for name, texts := range map[string][]string{
		"lr": {"0", "0.25", "1e-05"}, "warmup": {"0", "7"}, "batch": {"full", "1", "64"}, "momentum": {"0", "0.9"},
		"lambda": {"-1", "0.003"}, "method": {"gram", "lowrank"}, "nesterov": {"true", "false"},
	} {
		for _, text := range texts {
			changed, err := Set[any](standard, name, text)
			if err != nil || Get(changed, name) != text {
				t.Errorf("%s set to %q is %q, %v", name, text, Get(changed, name), err)
			}
			if err := Check(changed); err != nil {
				t.Error(err)
			}
		}
	}
	if standard.Rate != 0.1 || standard.Batch != 32 {
		t.Error("the original has changed")
	}
	if _, ok := Find(standard, "Hidden"); ok {
		t.Error("a field without a name is an option")
	}
}

func TestWrongValuesAreRefusedInWords(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"lr", "-1", `lr: got "-1": give a finite number of at least 0`},
		{"lr", "nan", `lr: got "nan": give a finite number of at least 0`},
		{"lr", "inf", `lr: got "inf": give a finite number of at least 0`},
		{"momentum", "1", `momentum: got "1": give a finite number from 0 up to, not including, 1`},
		{"lambda", "x", `lambda: got "x": give a finite number`},
		{"batch", "0", `batch: got "0": give a whole number of at least 1, or full`},
		{"batch", "2.5", `batch: got "2.5": give a whole number of at least 1, or full`},
		{"method", "dense", `method: got "dense": give one of gram, lowrank`},
		{"nesterov", "maybe", `nesterov: got "maybe": give true or false`},
		{"rho", "1", `rho: got "1": give one of its options`},
	} {
		_, err := Set(standard, c.name, c.text)
		var typed Error
		if err == nil || err.Error() != c.want || !errors.As(err, &typed) {
			t.Errorf("%s = %q: %v, want %s", c.name, c.text, err, c.want)
		}
	}
}

func TestCheckFindsWhatTagsDoNotAllow(t *testing.T) {
	for _, change := range []func(*sample){
		func(s *sample) { s.Rate = math.NaN() },
		func(s *sample) { s.Rate = math.Inf(1) },
		func(s *sample) { s.Mu = 1 },
		func(s *sample) { s.Batch = -1 },
		func(s *sample) { s.Method = "" },
		func(s *sample) { s.Free = math.Inf(-1) },
	} {
		s := standard
		change(&s)
		if Check(s) == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
	if err := Check(standard); err != nil {
		t.Error(err)
	}
}

func TestDecodeKeepsWhatIsNotGiven(t *testing.T) {
	got, err := Decode[any](standard, []byte(`{"lr": 0.5, "batch": 0, "optimizer": "x"}`))
	want := standard
	want.Rate, want.Batch = 0.5, 0
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}
