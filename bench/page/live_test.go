package page

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func liveText(t *testing.T, folders ...string) string {
	t.Helper()
	results, err := Read(folders...)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := results.WriteLive(&b, 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A live page puts in what has come since, a run that was not there included, and keeps what the reader has chosen.
func TestALivePageGrowsUnderItsReader(t *testing.T) {
	first, second := runFolder(t, "first", 3), runFolder(t, "second", 40)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			w.Write([]byte(probe(liveText(t, first), `
const chart = () => document.getElementById("chart1"), box = () => document.querySelector("#legend input");
const paths = () => chart().querySelectorAll("g.plot path.curve").length;
const table = () => document.querySelector("table.sortable"), header = () => [...table().tHead.rows[0].cells].find((h) => h.textContent === "steps");
const log = () => chart().querySelector("[data-axis=y]").getAttribute("aria-pressed");
const click = (node) => node.dispatchEvent(new MouseEvent("click", { bubbles: true }));
click(box()); click(chart().querySelector("[data-axis=y]")); click(header()); click(header()); const axis = log();
const smooth = document.getElementById("smooth"); smooth.value = 0.8; smooth.dispatchEvent(new Event("input"));
document.querySelector("details").open = true;
for (let i = 0; i < 100 && document.querySelectorAll("#legend input").length < 2; i++) await new Promise((done) => setTimeout(done, 50));
results.series = document.querySelectorAll("#legend input").length; results.hidden = !box().checked; results.paths = paths();
results.axis = log() === axis; results.smooth = document.getElementById("smooth").value; results.open = document.querySelector("details").open;
results.sorted = [...table().tBodies[0].rows].map((r) => r.cells[0].textContent).join() + " " + header().getAttribute("aria-sort");
results.title = document.title; results.live = document.getElementById("live").textContent.startsWith("live, looked at ");
click(box()); results.shown = paths();
`)))
			return
		}
		if r.Header.Get("If-None-Match") == `"second"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"second"`)
		w.Write([]byte(liveText(t, first, second)))
	}))
	defer server.Close()
	document, errors := visit(t, server.URL)
	if errors != "" {
		t.Errorf("the console says %s", errors)
	}
	got := results(t, document)
	for name, want := range map[string]any{"error": nil, "series": 2.0, "hidden": true, "paths": 4.0, "axis": true, "smooth": "0.8", "open": true,
		"sorted": "second,first descending", "title": "drift: first, second", "live": true, "shown": 8.0} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
}

// When its server is gone a live page says so, and still shows what it had.
func TestALivePageOutlivesItsServer(t *testing.T) {
	first, asked := runFolder(t, "first", 3), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > 1 {
			panic(http.ErrAbortHandler)
		}
		w.Write([]byte(probe(liveText(t, first), `
const live = document.getElementById("live");
for (let i = 0; i < 100 && live.textContent === ""; i++) await new Promise((done) => setTimeout(done, 50));
results.live = live.textContent; results.curves = document.querySelectorAll("path.curve").length > 0;
`)))
	}))
	defer server.Close()
	document, _ := visit(t, server.URL)
	if got := results(t, document); !strings.Contains(got["live"].(string), "has ended") || got["curves"] != true {
		t.Errorf("%v", got)
	}
}

// Only a live page may ask anybody anything.
func TestPoliciesOfPages(t *testing.T) {
	run := runFolder(t, "first", 3)
	if still := render(t, run); strings.Contains(still, "connect-src") || strings.Contains(still, "data-follow") {
		t.Error("a page that was written to a file asks a server")
	}
	if text := liveText(t, run); !strings.Contains(text, "connect-src &#39;self&#39;") || !strings.Contains(text, `data-follow="0.05"`) {
		t.Errorf("%.600s", text)
	}
	var b bytes.Buffer
	if _, err := Pending("</script><b>late").WriteLive(&b, time.Second); err != nil || strings.Contains(b.String(), "<b>late") {
		t.Errorf("%v: %.300s", err, b.String())
	}
}

// A comparison that has not ended is shown by the runs that have, even where older results stand beside them.
func TestAComparisonThatGoesOn(t *testing.T) {
	race := folder(t, "race", map[string]string{"compare.json": compareJSON, "curves.csv": curvesCSV})
	if err := os.Mkdir(filepath.Join(race, "finished"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(race); err == nil || !strings.Contains(err.Error(), "no run of its comparison has ended yet") {
		t.Errorf("no run has ended: %v", err)
	}
	if err := os.Mkdir(filepath.Join(race, "finished", "sofar"), 0o777); err != nil {
		t.Fatal(err)
	}
	now := strings.Replace(compareJSON, `"command":"compare"`, `"command":"compare","finished":{"runs":3,"of":40}`, 1)
	for name, text := range map[string]string{"compare.json": now, "curves.csv": curvesCSV} {
		if err := os.WriteFile(filepath.Join(race, "finished", "sofar", name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text := render(t, race)
	for _, want := range []string{"It has not ended: 3 of 40 runs are finished.", "gd-reg", "drift compare --config " + race + "/config.toml"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
