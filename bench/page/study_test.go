package page

import (
	"bytes"
	"strings"
	"testing"
)

const studyJSON = `{"study": "small", "description": "Two <optimizers> on a task.", "seeds": [1, 2], "reference": "sgd", "dtype": "float32", "tasks": [
 {"task": "glyphs", "data": "glyphs", "model": "mlp", "budget": {"updates": 10}, "targets": ["loss <= 2"], "rows": [
  {"optimizer": "sgd", "settings": {"optimizer": "sgd", "lr": 0.1}, "seeds": [1, 2], "diverged": [], "test_loss": {"mean": 1.5, "ci95": 0.1}},
  {"optimizer": "gd", "settings": null, "seeds": [1, 2], "diverged": [1, 2], "test_loss": null}]}],
 "profile": {"unit": "updates", "problems": ["glyphs: loss <= 2"], "curves": [{"optimizer": "sgd", "ratios": [1]}, {"optimizer": "gd", "ratios": [null]}]},
 "warnings": ["glyphs, gd: no trial stayed finite."],
 "tables": [{"title": "glyphs: runs that reached loss <= 2", "header": ["optimizer", "runs"], "rows": [["sgd", "2 of 2"], ["gd"]], "left": 1}], "computed_by": "0.0 cpu"}`

func TestStudiesAreShown(t *testing.T) {
	path := folder(t, "small", map[string]string{"study.json": studyJSON, "study.toml": "seeds = 2\n",
		"curves.csv":  "task,optimizer,seed,step,metric,value\nglyphs,sgd,1,5,test_loss,2\nglyphs,sgd,1,10,test_loss,1.5\n",
		"seconds.csv": "task,optimizer,seed,to,seconds\nglyphs,sgd,1,end,0.25\nglyphs,gd,1,loss <= 2,\n"})
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Two &lt;optimizers&gt; on a task.", "no trial stayed finite", "Performance profile, small", "runs that reached loss &lt;= 2", "2 of 2",
		"seconds of training", "0.25", "drift study", "seeds = 2"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page has no %q", want)
		}
	}
}

func TestStudiesThatCannotBeRead(t *testing.T) {
	for _, c := range []struct{ old, with, want string }{
		{`"tasks": [`, `"tasks": [], "x": [`, "no tasks or no optimizers"},
		{`, {"optimizer": "gd", "ratios": [null]}`, ``, "its performance profile has other optimizers"},
		{`["loss <= 2"]`, `["speed <= 2"]`, "unknown metric"},
		{`"seeds": [1, 2], "reference"`, `"seeds": "many", "reference"`, "cannot unmarshal"},
	} {
		text := strings.Replace(studyJSON, c.old, c.with, 1)
		if text == studyJSON {
			t.Fatalf("%q is not there", c.old)
		}
		if _, err := Read(folder(t, "small", map[string]string{"study.json": text})); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", c.with, err, c.want)
		}
	}
	for name, text := range map[string]string{"curves.csv": "optimizer,seed,step,metric,value\n", "seconds.csv": "a,b\n"} {
		if _, err := Read(folder(t, "small", map[string]string{"study.json": studyJSON, name: text})); err == nil || !strings.Contains(err.Error(), name+": it does not begin") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
