package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"drift/bench/page/chromium"
)

// heard is a writer that says when it has been written to.
type heard struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first chan struct{}
	once  sync.Once
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.once.Do(func() { close(h.first) })
	return h.text.Write(p)
}

// A run that --serve shows keeps the same bits as one that nobody looks at, and its page is drift report's.
func TestServingChangesNothing(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	args := strings.Fields("train --data glyphs,train=60,test=40,size=8 --model mlp:6 --epochs 3 --log-every 2 --out")
	status, _, stderr := drift(t, append(args, in("seen"), "--serve", ":0")...)
	if status != statusDone || !strings.Contains(stderr, "note: the page of "+in("seen")+" is at http://127.0.0.1:") {
		t.Fatalf("status %d, %q", status, stderr)
	}
	if status, _, stderr := drift(t, append(args, in("unseen"))...); status != statusDone {
		t.Fatal(stderr)
	}
	for _, name := range []string{"config.toml", "weights.safetensors"} {
		a, err := os.ReadFile(in("seen/" + name))
		b, _ := os.ReadFile(in("unseen/" + name))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
	if status, _, stderr := drift(t, "train", "--resume", in("seen"), "--serve", ":0", "--epochs", "4"); status != statusDone {
		t.Errorf("resumed: %s", stderr)
	}
}

// A run that is killed while a browser shows it, and goes on at the same address, is one curve in the page, which was never loaded anew.
func TestAKilledRunGoesOnInItsPage(t *testing.T) {
	b := chromium.Start(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	run := filepath.Join(t.TempDir(), "run")
	begin := func(args string) *exec.Cmd {
		process := child(strings.Fields(args + " --serve " + address)...)
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { process.Process.Kill(); process.Wait() })
		return process
	}
	within := func(what, expression string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); b.Text(expression) != "true"; time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %s: %s", what, b.Text(`document.body.innerText.slice(0, 600)`), b.Text(`document.getElementById("live").textContent`))
			}
		}
	}
	const steps = `(JSON.parse(document.getElementById("data").textContent).charts?.[0]?.curves[0].x ?? [0])`
	process := begin(smallRun + "--steps 100000000 --log-every 1000 --eval-every 0 --checkpoint-every 2000 --out " + run)
	answers(t, "http://"+address+"/")
	b.Open("http://"+address+"/", chromium.Window{Width: 1400})
	b.Eval("window.same = true", new(bool))
	within("the run is shown", steps+".length > 1")
	process.Process.Kill()
	process.Wait()
	within("its end is seen", `document.getElementById("live").classList.contains("lost")`)
	last := b.Text(steps + ".at(-1)")
	begin("train --quiet --resume " + run)
	within("it goes on", steps+".at(-1) > "+last)
	for expression, want := range map[string]string{
		`document.getElementById("live").classList.contains("lost")`: "false",
		"window.same": "true",
		`document.querySelectorAll("#legend input").length`:                  "1",
		`document.querySelectorAll("#chart1 g.plot path.curve.line").length`: "1",
		steps + ".every((x, i, all) => i === 0 || x > all[i - 1])":           "true",
	} {
		if got := b.Text(expression); got != want {
			t.Errorf("%s is %s, want %s", expression, got, want)
		}
	}
}

// answers waits until somebody serves an address.
func answers(t *testing.T, address string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if answer, err := http.Get(address); err == nil {
			answer.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("nobody answers at %s", address)
		}
	}
}

// The page of a study grows while it goes on, and is that of its results at the end.
func TestAStudyIsServedWhileItGoesOn(t *testing.T) {
	folder := t.TempDir()
	file, out := filepath.Join(folder, "small.toml"), filepath.Join(folder, "out")
	if err := os.WriteFile(file, []byte(strings.Replace(smallStudy, "updates = 200", "updates = 20000", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stderr, ended := &heard{first: make(chan struct{})}, make(chan int)
	go func() { ended <- run(ctx, []string{"study", file, "--out", out, "--serve", ":0"}, io.Discard, stderr) }()
	<-stderr.first
	stderr.mu.Lock()
	_, address, _ := strings.Cut(strings.TrimSpace(stderr.text.String()), " is at ")
	stderr.mu.Unlock()
	finished := regexp.MustCompile(`It has not ended: (\d+) of 16 runs are finished`)
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if found := finished.FindSubmatch(text); found != nil && string(found[1]) != "0" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%.2000s", text)
		}
	}
	cancel()
	if status := <-ended; status != statusFailed {
		t.Errorf("an interrupted study ends with %d", status)
	}
}

// watch answers until it is told to end.
func TestWatchCommand(t *testing.T) {
	folder := t.TempDir()
	run1 := filepath.Join(folder, "run")
	if status, _, stderr := drift(t, strings.Fields("train --quiet --data glyphs,train=60,test=40,size=8 --model mlp:6 --epochs 1 --out "+run1)...); status != statusDone {
		t.Fatal(stderr)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, ended := &heard{first: make(chan struct{})}, make(chan int)
	var stderr bytes.Buffer
	go func() { ended <- run(ctx, []string{"watch", run1, "--json", "-"}, out, &stderr) }()
	select {
	case <-out.first:
	case status := <-ended:
		t.Fatalf("it ended with %d: %s", status, stderr.String())
	}
	var result watched
	out.mu.Lock()
	err := json.Unmarshal(out.text.Bytes(), &result)
	out.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(result.URL)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(text), "A training run: mlp:6") {
		t.Errorf("%v: %.400s", err, text)
	}
	cancel()
	if status := <-ended; status != statusDone {
		t.Errorf("status %d: %s", status, stderr.String())
	}
}

func TestServeRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	out := filepath.Join(t.TempDir(), "run")
	for _, c := range []struct{ args, says string }{
		{"watch", "needs the folders"},
		{"watch run --serve 8080", "write :PORT"},
		{"watch run --serve " + taken.Addr().String(), "in use"},
		{"compare --serve 8080 --out " + out, "write :PORT"},
		{"study paper --serve 8080 --out " + out, "write :PORT"},
		{"train --serve :0", "name one with --out"},
		{"train --serve " + taken.Addr().String() + " --out " + out, "in use"},
	} {
		status, stdout, stderr := drift(t, strings.Fields(c.args)...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("drift %s: status %d, %q, %q; want %q", c.args, status, stdout, stderr, c.says)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refusal left a folder")
	}
}
