package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browse loads a page in chromium without a network and gives its document as it then is, and what its console and log say of errors.
func browse(t *testing.T, page string, flags ...string) (document, errors string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
		t.Fatal(err)
	}
	return visit(t, (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String(), append(flags, "--host-resolver-rules=MAP * ~NOTFOUND")...)
}

// visit is browse of an address.
func visit(t *testing.T, address string, flags ...string) (document, errors string) {
	t.Helper()
	if testing.Short() {
		t.Skip("short: pages are not opened in chromium")
	}
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no chromium here: what scripts do with the page is not tested")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(flags, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+filepath.Join(t.TempDir(), "profile"),
		"--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom", address)...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		t.Skipf("chromium does not run here: %v: %s", err, log.String())
	}
	for _, text := range strings.Split(log.String(), "\n") {
		if strings.Contains(text, "CONSOLE") {
			errors += text + "\n"
		}
	}
	return out.String(), errors
}

// probe is the page with one more script, which its policy lets run and which leaves its result in the document.
func probe(page, test string) string {
	test = `(async () => { const results = {}; try {` + test + `} catch (e) { results.error = String(e); }
const out = document.createElement("pre"); out.id = "results"; out.textContent = JSON.stringify(results); document.body.append(out); })();`
	sum := sha256.Sum256([]byte(test))
	allow := "script-src &#39;sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "&#39; "
	page = strings.Replace(page, "script-src ", allow, 1)
	return strings.Replace(page, "</body>", "<script>"+test+"</script></body>", 1)
}

var resultsElement = regexp.MustCompile(`(?s)<pre id="results">(.*?)</pre>`)

func results(t *testing.T, document string) map[string]any {
	t.Helper()
	found := resultsElement.FindStringSubmatch(document)
	if found == nil {
		t.Fatalf("the test's script did not run: %.2000s", document)
	}
	out := map[string]any{}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestThePageOpensWithoutErrors(t *testing.T) {
	document, errors := browse(t, render(t, everything(t)...))
	if errors != "" || !strings.Contains(document, `<html lang="en" class="scripted">`) {
		t.Errorf("the console says %q of %.300s", errors, document)
	}
}

// What a reader can do with the page does what it should.
func TestTogglesAxesZoomHoverAndSorting(t *testing.T) {
	document, errors := browse(t, probe(render(t, everything(t)...), `
const chart = document.getElementById("chart1"), picture = chart.querySelector("svg");
const curves = () => chart.querySelectorAll("g.plot path.curve").length;
const labels = (of) => [...chart.querySelectorAll("text." + of)].map((n) => n.textContent);
const first = () => chart.querySelector("g.plot path.curve:not(.faint)").getAttribute("d");
const click = (node) => node.dispatchEvent(new MouseEvent("click", { bubbles: true }));
const point = (type, share) => { const b = picture.getBoundingClientRect(); picture.dispatchEvent(new PointerEvent(type, { clientX: b.left + share * b.width, clientY: b.top + b.height / 2, bubbles: true })); };
results.curves = curves(); results.boxes = [...document.querySelectorAll("#legend input")].every((b) => b.offsetParent !== null);
const box = document.querySelector("#legend input");
click(box); results.hidden = curves(); click(box); results.shown = curves();
click(document.getElementById("none")); results.none = curves(); click(document.getElementById("all")); results.all = curves();
const before = first(); const smooth = document.getElementById("smooth");
smooth.value = 0.8; smooth.dispatchEvent(new Event("input")); results.faint = chart.querySelectorAll("path.faint").length; results.smoothed = first() !== before;
smooth.value = 0; smooth.dispatchEvent(new Event("input")); results.rough = first() === before;
const log = chart.querySelector("[data-axis=y]"), was = log.getAttribute("aria-pressed");
click(log); results.axis = log.getAttribute("aria-pressed") !== was && first() !== before; click(log);
const along = document.getElementById("along"); along.value = "epochs"; along.dispatchEvent(new Event("change"));
results.along = chart.querySelector(".xlabel").textContent; along.value = "x"; along.dispatchEvent(new Event("change"));
point("pointermove", 0.5); const tip = document.getElementById("tip");
results.tip = !tip.hidden && tip.textContent.includes("first, batches"); point("pointerleave", 0.5); results.gone = tip.hidden;
const wide = labels("x").join(); point("pointerdown", 0.3); point("pointermove", 0.4); point("pointermove", 0.5); point("pointerup", 0.5);
results.zoomed = labels("x").join() !== wide; picture.dispatchEvent(new MouseEvent("dblclick")); results.back = labels("x").join() === wide;
const table = document.querySelector("table.sortable"), cells = () => [...table.tBodies[0].rows].map((r) => r.cells[0].textContent).join();
const heads = [...table.tHead.rows[0].cells], steps = heads.find((h) => h.textContent === "steps");
click(steps); results.ascending = cells() + " " + steps.getAttribute("aria-sort"); click(steps); results.descending = cells();
results.wide = document.documentElement.scrollWidth <= document.documentElement.clientWidth;
`))
	if errors != "" {
		t.Errorf("the console says %s", errors)
	}
	got := results(t, document)
	for name, want := range map[string]any{
		"error": nil, "boxes": true, "curves": 6.0, "hidden": 4.0, "shown": 6.0, "none": 0.0, "all": 6.0, "faint": 6.0, "smoothed": true, "rough": true, "axis": true,
		"along": "epochs", "tip": true, "gone": true, "zoomed": true, "back": true,
		"ascending": "second,first ascending", "descending": "first,second", "wide": true,
	} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
}

// On a phone nothing sticks out to the side.
func TestThePageFitsANarrowWindow(t *testing.T) {
	document, _ := browse(t, probe(render(t, everything(t)...),
		`results.width = innerWidth; results.over = document.documentElement.scrollWidth - document.documentElement.clientWidth;`), "--window-size=400,900")
	if got := results(t, document); got["over"] != 0.0 || got["width"].(float64) > 500 {
		t.Errorf("%v", got)
	}
}

// A hostile name cannot run anything in a browser either, nor break the page's own script.
func TestHostileNamesRunNothing(t *testing.T) {
	evil := "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
	quoted := strings.ReplaceAll(evil, `"`, `\"`)
	hostile := folder(t, strings.ReplaceAll(evil, "/", "∕"), map[string]string{
		"config.toml": strings.ReplaceAll(config, "glyphs", quoted), "metrics.jsonl": strings.ReplaceAll(metrics(5), "own_number", quoted)})
	page := render(t, hostile, folder(t, "race", map[string]string{"compare.json": strings.ReplaceAll(compareJSON, "gd-reg", quoted)}))
	document, errors := browse(t, probe(page, `results.title = document.title; results.images = document.images.length; results.scripts = document.scripts.length;`))
	got := results(t, document)
	if errors != "" || got["title"] == "taken" || got["images"] != 0.0 || got["scripts"] != 3.0 || !strings.Contains(document, `class="scripted"`) {
		t.Errorf("%v, console %q", got, errors)
	}
}
