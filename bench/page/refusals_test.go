package page

import (
	"path/filepath"
	"strings"
	"testing"

	"drift/bench/study"
)

// What is damaged is refused in one line that says where and what.
func TestWhatCannotBeRead(t *testing.T) {
	run := runFolder(t, "run", 3)
	file := func(text string) string {
		return filepath.Join(folder(t, "f", map[string]string{"x.json": text}), "x.json")
	}
	log := func(text string) string {
		return folder(t, "run", map[string]string{"config.toml": config, "metrics.jsonl": text})
	}
	spread := func(text string) string {
		return folder(t, "run", map[string]string{"config.toml": config, "metrics.jsonl": metrics(1), "distributions.jsonl": text})
	}
	for _, c := range []struct {
		what  string
		paths []string
		says  string
	}{
		{"nothing there", []string{filepath.Join(t.TempDir(), "none")}, "no such file"},
		{"an empty folder", []string{t.TempDir()}, "holds no training run, comparison, study, measurement or check"},
		{"twice", []string{run, run + "/"}, "named twice"},
		{"a comparison under way", []string{folder(t, "c", map[string]string{"config.toml": config, "finished": ""})}, "has ended yet"},
		{"no settings", []string{folder(t, "r", map[string]string{"metrics.jsonl": metrics(1)})}, "holds no run"},
		{"a damaged machine", []string{folder(t, "r", map[string]string{"metrics.jsonl": metrics(1), "config.toml": config, "machine.json": "{"})}, "machine.json: "},
		{"damaged settings", []string{folder(t, "r", map[string]string{"metrics.jsonl": metrics(1), "config.toml": "a = ="})}, "config.toml: "},
		{"a damaged line", []string{log(metrics(2) + "{\"step\":3,\n" + "{\"step\":4}\n")}, "metrics.jsonl: line 3 is damaged"},
		{"text for a number", []string{log("{\"step\":1,\"loss\":\"high\"}\n")}, "line 1 is damaged"},
		{"no step", []string{log("{\"loss\":1}\n")}, "line 1 is damaged: it has no step"},
		{"steps going back", []string{log("{\"step\":2}\n{\"step\":1}\n")}, "step 1 comes after step 2"},
		{"a line without end", []string{log("{\"step\":1" + strings.Repeat(" ", 2<<20) + "}\n")}, "longer than"},
		{"steps of distributions going back", []string{spread(`{"step":2,"parameters":{}}` + "\n" + `{"step":1,"parameters":{}}` + "\n")}, "distributions.jsonl: line 2 is damaged: step 1 comes after step 2"},
		{"too few quantiles", []string{spread(`{"step":1,"parameters":{"w":[1]}}` + "\n")}, `"w" has 1 quantiles, not 5`},
		{"no quantiles", []string{spread("{\"step\":1}\n")}, "it has no parameters"},
		{"no JSON", []string{file("weights")}, "damaged, or no JSON object"},
		{"another JSON", []string{file(`{"a":1}`)}, "no comparison, study, check or measurement"},
		{"no rows", []string{file(`{"rows":[],"experiment":{}}`)}, "no rows"},
		{"rows that are none", []string{file(`{"rows":3,"experiment":{}}`)}, "cannot unmarshal"},
		{"no checks", []string{file(`{"checks":[]}`)}, "no checks"},
		{"a spectrum of unequal lengths", []string{file(`{"tr_sigma":1,"sigma_eigenvalues":[],"sigma_density":{"values":[1],"weights":[]}}`)}, "1 values and 0 weights"},
		{"other curves", []string{folder(t, "c", map[string]string{"compare.json": compareJSON, "curves.csv": "a,b\n"})}, "curves.csv: it does not begin"},
		{"damaged curves", []string{folder(t, "c", map[string]string{"compare.json": compareJSON, "curves.csv": curvesCSV + "sgd,1,3,loss,NaN\n"})}, "line 8 is damaged"},
	} {
		_, err := Read(c.paths...)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "reading the results in ") {
			t.Errorf("%s: got %v, want one line with %q", c.what, err, c.says)
		}
	}
}

// Whatever stands in names and settings, the page has the script and the elements that it has without them.
func TestHostileNamesInjectNothing(t *testing.T) {
	tame := folder(t, "tame", map[string]string{"config.toml": config, "metrics.jsonl": metrics(5)})
	evil := `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'` + "`${alert(3)}{{.}}<!--"
	quoted := strings.NewReplacer(`"`, `\"`).Replace(evil)
	hostile := folder(t, strings.ReplaceAll(evil, "/", "∕"), map[string]string{
		"config.toml":   "data = \"" + quoted + "\"\nmodel = \"" + quoted + "\"\noptimizer = \"sgd\"\nsteps = 40\nseed = 1\n",
		"metrics.jsonl": strings.ReplaceAll(metrics(5), "own_number", quoted)})
	race := folder(t, "race", map[string]string{"compare.json": strings.ReplaceAll(compareJSON, "gd-reg", quoted)})
	calm := folder(t, "race", map[string]string{"compare.json": compareJSON})
	want, got := render(t, tame, calm), render(t, hostile, race)
	for _, mark := range []string{"<script", "</script", "<img", "<svg", "<circle", "<!--", "<title", "<td", "<style", "<label"} {
		if a, b := strings.Count(want, mark), strings.Count(got, mark); a != b {
			t.Errorf("%d of %s, %d without hostile names", b, mark, a)
		}
	}
	if !strings.Contains(got, "&lt;img src=x onerror=alert(2)&gt;") {
		t.Error("the name is not shown")
	}
}

func TestCommandsAreQuotedForTheShell(t *testing.T) {
	for word, want := range map[string]string{
		"a/b.toml": "a/b.toml", "my run/c": "'my run/c'", "$(rm)": "'$(rm)'", "it's": `'it'\''s'`, "-x": "'./-x'", "~": "'~'",
	} {
		if got := quote(word); got != want {
			t.Errorf("%s is quoted as %s, want %s", word, got, want)
		}
	}
}

func FuzzMetricsNeverPanic(f *testing.F) {
	f.Add(metrics(2))
	f.Add("{\"step\":1e400}\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := readMetrics(strings.NewReader(text))
		if err == nil && len(entries) > strings.Count(text, "\n") {
			t.Errorf("%d entries of %q", len(entries), text)
		}
	})
}

func FuzzCurvesNeverPanic(f *testing.F) {
	f.Add(curvesCSV)
	f.Fuzz(func(t *testing.T, text string) { parseCurves(strings.NewReader(text), study.CurvesHeader) })
}
