package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/bench/page/chromium"
)

// pagesOf makes the page of a small result of each kind with the program itself, by name.
func pagesOf(t *testing.T) map[string]string {
	t.Helper()
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(in("small.toml"), []byte(strings.Replace(smallStudy, "seeds = 3", "seeds = 2", 1)+"\n[[task]]\nname = \"noisy\"\ndata = \"glyphs,train=60,test=60,size=8,label-noise=0.2\"\nmodel = \"mlp:8,act=tanh\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	const task = " --quiet --data glyphs,train=60,test=60,size=8,label-noise=0.2 --model mlp:8,act=tanh "
	for _, args := range []string{
		"train" + task + "--steps 200 --batch 10 --log-every 5 --eval-every 20 --every 20 --out " + in("run"),
		"compare" + task + "--steps 100 --seeds 2 --points 10 --shuffles 2 --paths 2 --out " + in("compare"),
		"study " + in("small.toml") + " --quiet --out " + in("study"),
		"measure --quiet --run " + in("run") + " --sigma-top 5 --hessian-top 5 --sigma-density 5 --hessian-density 5 --out " + in("measure"),
	} {
		if status, _, stderr := drift(t, strings.Fields(args)...); status != statusDone {
			t.Fatalf("%s: %s", args, stderr)
		}
	}
	pages := map[string]string{}
	for _, name := range []string{"run", "compare", "study", "measure"} {
		pages[name] = in(name + ".html")
		if status, _, stderr := drift(t, "report", in(name), "--out", pages[name]); status != statusDone {
			t.Fatalf("the page of %s: %s", name, stderr)
		}
		if info, err := os.Stat(pages[name]); err != nil || info.Size() > 3<<20 {
			t.Errorf("the page of %s: %v, %v", name, info, err)
		}
	}
	return pages
}

// The pages of real results open without an error and without asking anybody, wide and narrow, light and dark, and do what a mouse asks.
func TestPagesInABrowser(t *testing.T) {
	b := chromium.Start(t)
	for name, path := range pagesOf(t) {
		address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
		papers := map[string]bool{}
		for _, w := range []chromium.Window{{Width: 1400}, {Width: 1400, Dark: true}, {Width: 400}, {Width: 400, Dark: true}, {Width: 400, NoScripts: true}} {
			what := fmt.Sprintf("%s, %+v", name, w)
			b.Open(address, w)
			if over := b.Text("document.documentElement.scrollWidth - innerWidth"); strings.TrimLeft(over, "-0123456789") != "" || over[0] != '-' && over != "0" {
				t.Errorf("%s: %s pixels stick out", what, over)
			}
			if unread := b.Text(`[...document.querySelectorAll("svg text")].filter((n) => { const a = n.getBoundingClientRect(), b = n.closest("figure").getBoundingClientRect(); return a.left < b.left - 1 || a.right > b.right + 1 || a.bottom > b.bottom + 1; }).map((n) => n.textContent)`); unread != "" {
				t.Errorf("%s: labels are cut: %s", what, unread)
			}
			papers[b.Text("getComputedStyle(document.body).backgroundColor")] = true
			if w.NoScripts {
				stands(t, b, what)
			} else {
				reacts(t, b, what)
			}
		}
		if len(papers) != 2 {
			t.Errorf("%s: light and dark have the papers %v", name, papers)
		}
	}
	for _, asked := range b.Asked {
		if !strings.HasPrefix(asked, "file:") {
			t.Errorf("a page asks for %s", asked)
		}
	}
	if len(b.Errors) > 0 {
		t.Errorf("the console says %s", strings.Join(b.Errors, "\n"))
	}
}

// stands looks at a page without scripts: figures and tables are there, and nothing that takes a script.
func stands(t *testing.T, b *chromium.Tab, what string) {
	t.Helper()
	for expression, want := range map[string]string{
		`[...document.querySelectorAll("figure.chart")].every((f) => f.querySelector("g.plot path.curve, g.plot circle.mark") && f.querySelectorAll("g.plot text.y").length > 1)`: "true",
		`document.querySelectorAll("figure.chart").length > 1`:    "true",
		`document.querySelectorAll("table tbody tr").length > 1`:  "true",
		`document.querySelector("#controls").offsetParent`:        "null",
		`document.documentElement.classList.contains("scripted")`: "false",
	} {
		if got := b.Text(expression); got != want {
			t.Errorf("%s: %s is %s", what, expression, got)
		}
	}
}

// reacts toggles, sorts, hovers and zooms.
func reacts(t *testing.T, b *chromium.Tab, what string) {
	t.Helper()
	expect := func(doing string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s: got %v", what, doing, got)
		}
	}
	const drawn = `document.querySelector("#chart1 g.plot").innerHTML`
	const ticks = `[...document.querySelectorAll("#chart1 text.x")].map((n) => n.textContent)`
	const picture = "#chart1 > svg"
	whole, range0 := b.Text(drawn), b.Text(ticks)

	b.Click("#legend input", 1)
	expect("a hidden series is drawn", b.Text(drawn) == whole, false)
	b.Click("#legend input", 1)
	expect("a series that is shown again is drawn", b.Text(drawn) == whole, true)

	b.Mouse("mouseMoved", picture, 0.5, 0.4, 0)
	expect("hovering shows values", b.Text(`!document.getElementById("tip").hidden && /\d/.test(document.querySelector("#tip b").textContent)`) == "true", true)
	b.Mouse("mouseMoved", "h1", 0.5, 0.5, 0)
	expect("values go when the pointer does", b.Text(`document.getElementById("tip").hidden`) == "true", true)

	b.Mouse("mousePressed", picture, 0.3, 0.4, 1)
	b.Mouse("mouseMoved", picture, 0.4, 0.4, 1)
	b.Mouse("mouseMoved", picture, 0.5, 0.4, 1)
	b.Mouse("mouseReleased", picture, 0.5, 0.4, 1)
	expect("dragging zooms", b.Text(ticks) != range0, true)
	b.Click(picture, 2)
	expect("a double click goes back", b.Text(ticks) == range0, true)

	b.Click("#chart1 [data-axis=y]", 1)
	expect("the axis turns logarithmic or linear", b.Text(drawn) == whole, false)

	const header = "table.sortable th:nth-child(2)"
	const column = `[...document.querySelector("table.sortable").tBodies[0].rows].map((r) => r.cells[1].dataset.key ?? r.cells[1].textContent)`
	b.Click(header, 1)
	up := b.Text(column)
	expect("sorting says its direction", b.Text(`document.querySelector("`+header+`").getAttribute("aria-sort")`) == "ascending", true)
	b.Click(header, 1)
	expect("sorting again turns the rows around", b.Text(column+".reverse()") == up, true)
}
