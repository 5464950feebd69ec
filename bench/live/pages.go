package live

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"

	"drift/bench/page"
)

const (
	every = 2 * time.Second // a browser asks this often
	// Making the page takes at most 1/share of the time, less than 1 % of a run that has a third of a processor too, and free beside that,
	// so that a run that begins is seen at once.
	share = 300
	free  = 200 * time.Millisecond
)

// pages is the page as it was last made.
type pages struct {
	paths  []string
	opened time.Time

	mu    sync.Mutex
	made  time.Time     // when it was made last
	spent time.Duration // on making it
	bytes []byte
	tag   string
}

func (p *pages) serve(w http.ResponseWriter, r *http.Request) {
	text, tag := p.latest()
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

// latest is the page and its tag, made anew if there was time enough since.
func (p *pages) latest() ([]byte, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if start := time.Now(); p.bytes == nil || p.due(start) {
		p.bytes = p.make()
		p.tag = fmt.Sprintf("%q", fmt.Sprintf("%x", sha256.Sum256(p.bytes)))
		p.made = time.Now()
		p.spent += p.made.Sub(start)
	}
	return p.bytes, p.tag
}

// due reports whether there is time to make the page again.
func (p *pages) due(now time.Time) bool {
	return now.Sub(p.made) >= every/2 && p.spent <= free+now.Sub(p.opened)/share
}

// make is the page of what stands in the folders now, or says why there is none yet.
func (p *pages) make() []byte {
	var b bytes.Buffer
	results, err := page.Read(p.paths...)
	if err == nil {
		_, err = results.WriteLive(&b, every)
	}
	if err != nil {
		b.Reset()
		if _, err := page.Pending(err.Error()).WriteLive(&b, every); err != nil {
			return []byte(err.Error())
		}
	}
	return b.Bytes()
}
