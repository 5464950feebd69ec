package study

import (
	"context"
	"strings"
	"testing"
)

// Every mistake gets one line with the place in the file.
func TestMistakesHaveTheirPlace(t *testing.T) {
	for _, c := range []struct{ old, with, want string }{
		{"points = 5", "pionts = 5", "line 2: pionts means nothing"},
		{"name = \"clean\"", "name = \"clean\"\nmodle = \"x\"", "line 10: task.modle means nothing"},
		{"{updates = 12}", "{updates = 12, second = 3}", "line 4: budget.second means nothing"},
		{"{updates = 12}", "{updates = 12, passes = 1}", "line 4: the budget names 2 of"},
		{"lr = [0.01, 1]", "batch = [1.2, 1.8]", "line 22: optimizer \"sgd\": search: batch: the span from 1.2 to 1.8 has no two whole numbers"},
		{"lr = 1e308}", "lr = 1e308}\nsearch = {lr = [0.1, 1]}", "line 31: optimizer \"wild\": lr is set and searched"},
		{"budget = {gradients = 400}", "budget = {gradients = -1}", "line 17: task \"noisy, by gradients\": a budget of -1"},
		{"noisy, by gradients", "clean", "line 14: two tasks have the name \"clean\""},
		{"name = \"wild\"", "name = \"sgd\"", "line 29: two optimizers have the name \"sgd\""},
		{"type = \"gd\"", "type = \"gdd\"", "line 30: optimizer \"wild\": unknown type \"gdd\""},
		{"lr = 1e308", "rho = 1", "line 31: optimizer \"wild\": settings: gd has no option \"rho\""},
		{"lr = 1e308", "lr = -1", "line 31: optimizer \"wild\": settings: lr: got \"-1\""},
		{"lr = [0.01, 1]", "lr = [1, 1]", "line 22: optimizer \"sgd\": search: lr: the span from 1 to 1 is empty"},
		{"lr = [0.01, 1]", "lr = [0, 1]", "line 22: optimizer \"sgd\": search: lr: a span from 0 on has no logarithms"},
		{"lr = [0.01, 1]", "lr = 3", "line 22: optimizer \"sgd\": search: lr: got 3"},
		{"scale = \"complement\"", "scale = \"cubic\"", "line 22: optimizer \"sgd\": search: momentum: unknown scale"},
		{"high = 0.95", "hihg = 0.95", "line 22: optimizer \"sgd\": search: momentum: got"},
		{"\"cosine\"]", "\"cosin\"]", "line 22: optimizer \"sgd\": search: schedule: got \"cosin\""},
		{"search = {lr = [0.01, 1], momentum = {low = 0.5, high = 0.95, scale = \"complement\"}, schedule = [\"constant\", \"cosine\"]}", "search = {}", "line 22: optimizer \"sgd\": its search space is empty"},
		{"tuning = {trials = 3, finalists = 2, again = 1}", "", "line 22: optimizer \"sgd\": it has a search space, and the study has no trials"},
		{"trials = 3", "trials = 1000000000", "line 6: it has 6e+09 runs"},
		{"finalists = 2", "finalists = 1000000000", "line 6: it has 6e+09 runs"},
		{"points = 5", "points = -5", "line 2: points = -5"},
		{"trials = 3", "trials = 0", "line 6: tuning: give trials"},
		{"\"accuracy >= 0.05\"", "\"accuracy > 0.05\"", "line 5: target \"accuracy > 0.05\""},
		{"\"accuracy >= 0.05\"", "\"f1 >= 0.05\"", "line 5: target \"f1 >= 0.05\": unknown metric"},
		{"\"accuracy >= 0.05\"", "\"accuracy <= 0.05\"", "line 5: target \"accuracy <= 0.05\": accuracy rises"},
		{"\"loss <= 2.4\"", "\"accuracy >= 0.05\"", "line 5: target \"accuracy >= 0.05\" is there twice"},
		{"seeds = 2", "seeds = [1, 1]", "line 1: seed 1 is there twice"},
		{"seeds = 2", "seeds = 0", "line 1: seeds: give how many"},
		{"seeds = 2", "seeds = 2\nreference = \"adam\"", "line 2: reference \"adam\" is none of the optimizers"},
		{"\"float64\"", "\"float8\"", "line 3: "},
		{"seeds = 2", "seeds = ", "line 1: "},
		{"data = \"glyphs,train=40,test=30,size=8\"\n", "", "line 8: task \"clean\" has no data"},
	} {
		text := strings.Replace(small, c.old, c.with, 1)
		if text == small {
			t.Fatalf("%q is not there", c.old)
		}
		_, err := Parse("small.toml", text)
		if err == nil || !strings.Contains(err.Error(), "reading the study small.toml, "+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %q", c.with, err, c.want)
		}
	}
}

// What only the data tell has its place too.
func TestMistakesThatDataTell(t *testing.T) {
	for _, c := range []struct{ old, with, want string }{
		{"glyphs,train=40,test=30,size=8\"", "gaussian,train=40,test=30,dim=5\"", "line 8: task \"clean\" has nothing for target \"accuracy >= 0.05\": a regression has no accuracy"},
		{"glyphs,train=40,test=30,size=8\"", "glyphs,train=40,test=0,size=8\"", "line 8: task \"clean\" has nothing for target \"accuracy >= 0.05\": it has no test part"},
		{"glyphs,train=40,test=30,size=8\"", "glyhps\"", "line 10: task \"clean\": data \"glyhps\""},
		{"model = \"mlp:8,act=tanh\"", "model = \"mpl\"", "line 10: task \"clean\": "},
		{"batch = 8", "batch = 100", "line 21: optimizer \"sgd\" on task \"clean\": trial 1: a batch of 100"},
		{"train=40", "train=8", "line 21: optimizer \"sgd\" on task \"clean\": tuning holds out"},
		{"settings = {lr = 1e308}", "settings = {lr = 1, warmup = 99}", "line 31: optimizer \"wild\" on task \"clean\": a warmup of 99"},
	} {
		s := parsed(t, strings.Replace(small, c.old, c.with, 1))
		_, err := s.Check(Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.with, err, c.want)
		}
	}
}

// The studies that ship fit their data, and are small enough.
func TestEmbeddedStudies(t *testing.T) {
	for _, name := range Names() {
		text, _ := Embedded(name)
		s, err := Parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		if cells, err := s.Check(Options{}); err != nil || cells < 40 || cells > 1000 {
			t.Errorf("%s: %d cells, %v", name, cells, err)
		}
	}
	if _, found := Embedded("none"); found {
		t.Error("a study that is not there is found")
	}
}

func TestShardsAreRead(t *testing.T) {
	for text, want := range map[string]bool{"0/1": true, "3/16": true, "15/16": true, "16/16": false, "-1/4": false, "1": false, "1/0": false, "a/b": false, "1/2/3": false, " 1/2": false, "+1/2": false, "": false} {
		s, err := ParseShard(text)
		if (err == nil) != want || want && s.String() != text {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

// A study that can be read can be named, and its mistakes are one line; nothing panics.
func FuzzParse(f *testing.F) {
	f.Add(small)
	for _, name := range Names() {
		text, _ := Embedded(name)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("fuzz.toml", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "reading the study fuzz.toml") {
				t.Errorf("%v", err)
			}
			return
		}
		for _, o := range s.Optimizers {
			for k := range min(s.Tuning.Trials, 3) {
				if _, err := o.trial(k, s.Tuning.Seed); err != nil && !o.Fixed {
					t.Errorf("%s, trial %d: %v", o.Name, k, err)
				}
			}
		}
		s.fingerprint("")
	})
}

// A target that no run can reach is missed by all, and a study without a folder keeps nothing.
func TestTargetsOutOfReach(t *testing.T) {
	s := parsed(t, strings.Replace(small, "loss <= 2.4", "loss <= 0.0001", 1))
	s.Tasks, s.Seeds = s.Tasks[:1], s.Seeds[:1]
	s.Tuning = Tuning{}
	for i := range s.Optimizers {
		s.Optimizers[i].Space = nil
	}
	o, err := s.Run(context.Background(), Options{Device: oneThread})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range o.Profile.Curves {
		if c.Share(1e300) > 0.5 {
			t.Errorf("%s reaches %v", c.Optimizer, c.Ratios)
		}
	}
	if len(o.Warnings) == 0 || !strings.Contains(o.Warnings[0], "One seed") {
		t.Errorf("warnings %q", o.Warnings)
	}
}
