package live

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const config = "data = \"glyphs\"\nmodel = \"mlp:4\"\noptimizer = \"sgd\"\nsteps = 40\nseed = 1\n"

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, address string, paths ...string) *Server {
	t.Helper()
	s, err := Open(address, paths...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// request asks s and gives status, body and headers.
func request(t *testing.T, s *Server, method, path, host, tag string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, strings.TrimSuffix(s.URL(), "/")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body), answer.Header
}

func TestWhatIsAnswered(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	write(t, run, "config.toml", config)
	write(t, run, "metrics.jsonl", "{\"step\":1,\"loss\":2,\"epoch\":1,\"seconds\":1}\n")
	s := open(t, ":0", run)
	for _, c := range []struct {
		method, path, host string
		status             int
		says               string
	}{
		{"GET", "/", "", 200, "drift: run"},
		{"HEAD", "/", "", 200, ""},
		{"GET", "/", "localhost", 200, "drift: run"},
		{"GET", "/", "localhost:1234", 200, "drift: run"},
		{"GET", "/", "[::1]:80", 200, "drift: run"},
		{"GET", "/", "evil.example", 421, "another name"},
		{"GET", "/", "localhost.evil.example:80", 421, "another name"},
		{"GET", "/", "127.0.0.1.evil.example", 421, "another name"},
		{"POST", "/", "", 405, "only be looked at"},
		{"PUT", "/", "", 405, ""},
		{"DELETE", "/", "", 405, ""},
		{"OPTIONS", "/", "", 405, ""},
		{"GET", "/config.toml", "", 404, "one page"},
		{"GET", "/..%2f..%2fetc/passwd", "", 404, "one page"},
		{"GET", "/favicon.ico", "", 404, ""},
	} {
		status, body, h := request(t, s, c.method, c.path, c.host, "")
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s of %q: %d %.100q", c.method, c.path, c.host, status, body)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s %s: headers %v", c.method, c.path, h)
		}
	}
}

// A name that the user gave is the server's, and so is the machine's where it listens for all.
func TestNamesOfTheServer(t *testing.T) {
	own, err := os.Hostname()
	if err != nil {
		t.Skip(err)
	}
	everywhere := &net.TCPAddr{IP: net.IPv4zero}
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	for _, c := range []struct {
		s    Server
		host string
		want bool
	}{
		{Server{address: everywhere, host: "0.0.0.0"}, own + ":80", true},
		{Server{address: everywhere, host: "0.0.0.0"}, "evil.example", false},
		{Server{address: loopback, host: "box.example"}, "BOX.example.:99", true},
		{Server{address: loopback}, own + "x", false},
		{Server{address: loopback}, "", false},
	} {
		if got := c.s.names(c.host); got != c.want {
			t.Errorf("%q is a name of %v: %v", c.host, c.s, got)
		}
	}
}

// The page is made again when the results have changed, not when they have not, and not all the time.
func TestThePageFollowsItsFolder(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	s := open(t, ":0", run)
	later := func() { s.pages.mu.Lock(); s.pages.made, s.pages.spent = time.Time{}, 0; s.pages.mu.Unlock() }
	_, body, _ := request(t, s, "GET", "/", "", "")
	if !strings.Contains(body, "Nothing to show yet") {
		t.Errorf("a folder that is not there yet: %.400s", body)
	}
	write(t, run, "config.toml", config)
	write(t, run, "metrics.jsonl", "{\"step\":1,\"loss\":2}\n")
	if _, body, _ = request(t, s, "GET", "/", "", ""); !strings.Contains(body, "Nothing to show yet") {
		t.Error("the page was made twice within a moment")
	}
	later()
	_, body, h := request(t, s, "GET", "/", "", "")
	if !strings.Contains(body, "logged up to step 1 of 40") {
		t.Errorf("%.600s", body)
	}
	later()
	if status, body, _ := request(t, s, "GET", "/", "", h.Get("ETag")); status != http.StatusNotModified || body != "" {
		t.Errorf("nothing has changed: %d", status)
	}
	write(t, run, "metrics.jsonl", "{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":1}\n")
	later()
	if status, body, _ := request(t, s, "GET", "/", "", h.Get("ETag")); status != 200 || !strings.Contains(body, "up to step 2 of 40") {
		t.Errorf("%d %.300s", status, body)
	}
}

func TestAddressesThatCannotBeServed(t *testing.T) {
	taken := open(t, "127.0.0.1:0", t.TempDir())
	for address, says := range map[string]string{"8080": "write :PORT", ":": "", ":99999": "port", taken.address.String(): "in use"} {
		s, err := Open(address, t.TempDir())
		if err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			s.Close()
			if address != ":" { // any port
				t.Errorf("%s is served", address)
			}
		}
	}
}

func TestAClosedServerAnswersNobody(t *testing.T) {
	s, err := Open(":0", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	request(t, s, "GET", "/", "", "")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("a closed server answers")
	}
}

// However often it is asked for, the page takes a small share of the time, apart from the first moments.
func TestThePageTakesLittleTime(t *testing.T) {
	p := &pages{opened: time.Now()}
	now, made := p.opened, 0
	const took = 40 * time.Millisecond
	for now.Before(p.opened.Add(10 * time.Minute)) {
		if now = now.Add(100 * time.Millisecond); p.due(now) {
			p.made, p.spent, made = now, p.spent+took, made+1
		}
	}
	if p.spent > free+took+10*time.Minute/share || made < 40 {
		t.Errorf("%v for %d pages in ten minutes", p.spent, made)
	}
	if early := (&pages{opened: now, made: now}); early.due(now.Add(every/4)) || !early.due(now.Add(every)) {
		t.Error("the first pages of a run do not follow it, or too fast")
	}
}
