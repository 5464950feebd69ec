// Package chromium drives a headless chromium through its DevTools protocol, for tests of pages.
package chromium

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Tab is a page in a browser that has no network.
type Tab struct {
	t        testing.TB
	to       *os.File
	messages chan message
	session  string
	calls    int
	// Errors is what the console, uncaught exceptions and the browser's log have said so far.
	Errors []string
	// Asked is the addresses that the page has asked for.
	Asked []string
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// patience is how long anything may take on a busy machine.
const patience = time.Minute

// Find is the program, "" where there is none.
func Find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Start opens an empty tab. The test is skipped, saying so, where no chromium runs.
func Start(t testing.TB) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("short: pages are not opened in chromium")
	}
	program := Find()
	if program == "" {
		t.Skip("no chromium here: what scripts do with the page is not tested")
	}
	toChild, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, fromChild, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--user-data-dir="+filepath.Join(t.TempDir(), "profile"), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{toChild, fromChild} // the protocol's file descriptors 3 and 4
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Skipf("chromium does not run here: %v", err)
	}
	toChild.Close()
	fromChild.Close()
	b := &Tab{t: t, to: to, messages: make(chan message, 1000)}
	go b.read(from)
	t.Cleanup(func() {
		to.Close()
		cmd.Process.Kill()
		cmd.Wait()
		from.Close()
	})
	b.attach()
	return b
}

// read passes on messages, each of which ends with a zero byte.
func (b *Tab) read(from *os.File) {
	defer close(b.messages)
	for r := bufio.NewReader(from); ; {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) == nil {
			b.messages <- m
		}
	}
}

func (b *Tab) attach() {
	b.t.Helper()
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
}

// call asks for something and waits for the answer. What the page says meanwhile is noted.
func (b *Tab) call(method string, params map[string]any, result any) {
	b.t.Helper()
	b.calls++
	ask := map[string]any{"id": b.calls, "method": method}
	if params != nil {
		ask["params"] = params
	}
	if b.session != "" {
		ask["sessionId"] = b.session
	}
	text, err := json.Marshal(ask)
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	if err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	b.wait(method, func(m message) bool {
		if m.ID != b.calls {
			return false
		}
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatalf("%s: %v", method, err)
			}
		}
		return true
	})
}

// wait takes messages until one is the end.
func (b *Tab) wait(what string, end func(message) bool) {
	b.t.Helper()
	late := time.After(patience)
	for {
		select {
		case m, open := <-b.messages:
			if !open {
				b.t.Fatalf("chromium ended at %s", what)
			}
			b.note(m)
			if end(m) {
				return
			}
		case <-late:
			b.t.Fatalf("chromium says nothing to %s", what)
		}
	}
}

func (b *Tab) note(m message) {
	switch m.Method {
	case "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
		b.Errors = append(b.Errors, string(m.Params))
	case "Log.entryAdded":
		b.Errors = append(b.Errors, string(m.Params))
	case "Network.requestWillBeSent":
		var of struct{ Request struct{ URL string } }
		if json.Unmarshal(m.Params, &of) == nil {
			b.Asked = append(b.Asked, of.Request.URL)
		}
	}
}

// Window is how a page is looked at.
type Window struct {
	Width     int
	Dark      bool
	NoScripts bool
}

// Open loads an address and waits until it is there.
func (b *Tab) Open(address string, w Window) {
	b.t.Helper()
	scheme := map[bool]string{false: "light", true: "dark"}[w.Dark]
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": w.Width, "height": 900, "deviceScaleFactor": 1, "mobile": w.Width < 600}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": w.NoScripts}, nil)
	b.call("Page.navigate", map[string]any{"url": address}, nil)
	b.wait("loading "+address, func(m message) bool { return m.Method == "Page.loadEventFired" })
}

// Eval is the value of an expression in the page, into result.
func (b *Tab) Eval(expression string, result any) {
	b.t.Helper()
	var of struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &of)
	if of.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, of.ExceptionDetails)
	}
	if err := json.Unmarshal(of.Result.Value, result); err != nil {
		b.t.Fatalf("%s gives %s: %v", expression, of.Result.Value, err)
	}
}

// Text is an expression's value as text.
func (b *Tab) Text(expression string) (text string) {
	b.t.Helper()
	b.Eval("String("+expression+")", &text)
	return text
}

// Mouse does something at a place that is given by a selector of an element and by shares of its width and height.
func (b *Tab) Mouse(what, selector string, x, y float64, clicks int) {
	b.t.Helper()
	var at [2]float64
	b.Eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); let r = e.getBoundingClientRect(); if (r.top < 160 || r.bottom > innerHeight || r.left < 0 || r.right > innerWidth) { e.scrollIntoView({ block: "center", inline: "center", behavior: "instant" }); r = e.getBoundingClientRect(); } return [r.left + %g * r.width, r.top + %g * r.height]; })()`, selector, x, y), &at)
	params := map[string]any{"type": what, "x": at[0], "y": at[1]}
	if clicks > 0 {
		params["button"], params["clickCount"], params["buttons"] = "left", clicks, 1
	}
	b.call("Input.dispatchMouseEvent", params, nil)
}

// Click presses and releases the left button on the middle of an element, as often as a double click has it.
func (b *Tab) Click(selector string, times int) {
	b.t.Helper()
	for k := range times {
		b.Mouse("mousePressed", selector, 0.5, 0.5, k+1)
		b.Mouse("mouseReleased", selector, 0.5, 0.5, k+1)
	}
}
