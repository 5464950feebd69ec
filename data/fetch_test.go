package data

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// content is what the servers publish, longer than the buffers on the way.
var content = bytes.Repeat([]byte("0123456789abcdef"), 40000)

func published(content []byte, urls ...string) RemoteFile {
	sum := sha256.Sum256(content)
	return RemoteFile{Name: "file", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), URLs: urls}
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// whole serves content as http.ServeContent does: with ranges, and If-Range against the ETag.
func whole(content []byte, etag string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// cutting lets a handler send so many bytes a connection and then drops it.
func cutting(handler http.HandlerFunc, bytes int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		handler(&cutWriter{w, bytes}, r)
	}
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	w.left -= n
	if w.left == 0 {
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// recording keeps the Range and If-Range of every request.
func recording(seen *[]string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, strings.TrimSpace(r.Header.Get("Range")+" "+r.Header.Get("If-Range")))
		handler(w, r)
	}
}

func testFetcher() *fetcher {
	return &fetcher{client: http.DefaultClient, progress: func(Progress) {}, pause: time.Millisecond, patience: 10 * time.Second}
}

// wantFetched checks that the published file is there, alone.
func wantFetched(t *testing.T, dir string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, "file"))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, error %v, want the %d published", len(got), err, len(content))
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("the folder holds %v, want the file alone", entries)
	}
}

func TestFetchContinuesWhereTheConnectionWasCut(t *testing.T) {
	var requests []string
	url := serve(t, recording(&requests, cutting(whole(content, `"one"`), 250000)))
	dir := t.TempDir()
	if err := testFetcher().fetch(context.Background(), dir, published(content, url)); err != nil {
		t.Fatal(err)
	}
	wantFetched(t, dir)
	// A cut connection may lose what was on its way, so the later ranges are known only in kind.
	if len(requests) < 3 || requests[0] != "" {
		t.Errorf("requests %q, want a plain one and at least two that continue it", requests)
	}
	for _, r := range requests[1:] {
		if !strings.HasPrefix(r, "bytes=") || !strings.HasSuffix(r, `- "one"`) {
			t.Errorf("request %q, want a range if the ETag is the same", r)
		}
	}
}

func TestFetchContinuesAfterAnInterruption(t *testing.T) {
	var requests []string
	url := serve(t, recording(&requests, whole(content, `"one"`)))
	dir, file := t.TempDir(), published(content, url)
	ctx, cancel := context.WithCancel(context.Background())
	interrupted := testFetcher()
	interrupted.progress = func(p Progress) {
		if p.Done > 0 {
			cancel()
		}
	}
	if err := interrupted.fetch(ctx, dir, file); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "fetch again to continue") {
		t.Fatalf("error %v, want that of the cancelled context and a hint", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "file")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("an incomplete file has its final name")
	}
	if _, err := match(dir, "file*"); err == nil {
		t.Error("a reader would take the incomplete file")
	}
	if err := testFetcher().fetch(context.Background(), dir, file); err != nil {
		t.Fatal(err)
	}
	wantFetched(t, dir)
	if len(requests) != 2 || !strings.HasPrefix(requests[1], "bytes=") {
		t.Errorf("requests %q, want the second to continue the first", requests)
	}
}

func TestFetchStartsAgainWhereItCannotContinue(t *testing.T) {
	dirWith := func(part, tag string) string {
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, "file.part"), []byte(part), 0o666)
		os.WriteFile(filepath.Join(dir, "file.part.tag"), []byte(tag), 0o666)
		return dir
	}
	ignoresRange := func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		whole(content, `"new"`)(w, r)
	}
	for name, c := range map[string]struct {
		dir     string
		handler http.HandlerFunc
	}{
		"the server ignores ranges":        {dirWith("0123", `"new"`), ignoresRange},
		"the server has another file now":  {dirWith("old stuff", `"old"`), whole(content, `"new"`)},
		"the part is of an unnoticed file": {dirWith("old stuff", ""), whole(content, `"new"`)},
		"the part is longer than the file": {dirWith(string(content)+"more", `"new"`), whole(content, `"new"`)},
		"the part is whole but wrong":      {dirWith(strings.Repeat("x", len(content)), `"new"`), whole(content, `"new"`)},
	} {
		t.Run(name, func(t *testing.T) {
			if err := testFetcher().fetch(context.Background(), c.dir, published(content, serve(t, c.handler))); err != nil {
				t.Fatal(err)
			}
			wantFetched(t, c.dir)
		})
	}
}

func TestFetchFailsInOneLine(t *testing.T) {
	wrong := append([]byte("X"), content[1:]...)
	chunked := func(content []byte) http.HandlerFunc { // without a Content-Length
		return func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			w.Write(content)
		}
	}
	wrongRange := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-9/%d", len(content)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(content[:10])
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"not found":      {http.NotFound, "404 Not Found"},
		"wrong content":  {whole(wrong, `"w"`), "not the published file"},
		"an error page":  {whole([]byte("<html>sorry</html>"), `"w"`), "has 18 bytes"},
		"too much":       {chunked(append(content, 'x')), "more than"},
		"always cut":     {cutting(func(w http.ResponseWriter, r *http.Request) { w.Write(content) }, 1000), "after 1000 of"},
		"ends early":     {chunked(content[:1000]), "after 1000 of"},
		"overloaded":     {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }, "503"},
		"a false range":  {wrongRange, "the range"},
		"wrong in parts": {cutting(whole(wrong, `"w"`), 400000), "not the published file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			err := testFetcher().fetch(context.Background(), dir, published(content, serve(t, c.handler)))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
			if _, err := os.Stat(filepath.Join(dir, "file")); err == nil {
				t.Error("a file that is not the published one has its name")
			}
		})
	}
}

func TestFetchGoesOnToTheNextAddress(t *testing.T) {
	bad := serve(t, http.NotFound)
	wrong := serve(t, whole(bytes.ToUpper(content), `"w"`))
	good := serve(t, whole(content, `"g"`))
	dir := t.TempDir()
	if err := testFetcher().fetch(context.Background(), dir, published(content, bad, wrong, "http://127.0.0.1:1/", good)); err != nil {
		t.Fatal(err)
	}
	wantFetched(t, dir)
}

func TestFetchGivesUpOnAStalledConnection(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:100])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	f := testFetcher()
	f.patience = 20 * time.Millisecond
	err := f.fetch(context.Background(), t.TempDir(), published(content, url))
	if !errors.Is(err, errTryAgain) && !strings.Contains(fmt.Sprint(err), errTryAgain.Error()) {
		t.Errorf("error %v, want a failed connection", err)
	}
}

func TestFetchLeavesAloneWhatIsThere(t *testing.T) {
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request for a file that is there") })
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	os.WriteFile(path, content, 0o666)
	if err := testFetcher().fetch(context.Background(), dir, published(content, url)); err != nil {
		t.Error(err)
	}
	os.WriteFile(path, []byte("mine"), 0o666)
	err := testFetcher().fetch(context.Background(), dir, published(content, url))
	if !errors.Is(err, errWrongContent) || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("error %v, want a hint to remove another file of that name", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "mine" {
		t.Error("another file of that name was overwritten")
	}
}

func TestFetchReportsProgress(t *testing.T) {
	dir := t.TempDir()
	f := testFetcher()
	last := Progress{Done: -1}
	f.progress = func(p Progress) {
		if p.Done < last.Done || p.Total != int64(len(content)) || p.File != "file" {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}
	if err := f.fetch(context.Background(), dir, published(content, serve(t, whole(content, `"g"`)))); err != nil {
		t.Fatal(err)
	}
	if last.Done != last.Total {
		t.Errorf("the last report is %+v, want all", last)
	}
}

func TestFetchUnpacksArchives(t *testing.T) {
	archive := tarGzip(t, map[string]string{"folder/a.bin": "aaaa", "../../b.bin": "bb", "folder/c.txt": "not wanted"})
	var requests []string
	file := published(archive, serve(t, recording(&requests, whole(archive, `"g"`))))
	file.members, file.folder = map[string]int64{"a.bin": 4, "b.bin": 2}, "folder"
	dir := t.TempDir()
	for range 2 {
		if err := testFetcher().fetch(context.Background(), dir, file); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			text, _ := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			got = append(got, filepath.ToSlash(rel)+"="+string(text))
		}
		return err
	})
	if want := "folder/a.bin=aaaa folder/b.bin=bb"; strings.Join(got, " ") != want {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
	if len(requests) != 1 {
		t.Errorf("%d requests, want 1: what is unpacked need not be fetched again", len(requests))
	}
	file.members["missing.bin"] = 1
	if err := testFetcher().fetch(context.Background(), dir, file); err == nil || !strings.Contains(err.Error(), "lacks some") {
		t.Errorf("error %v, want one about a missing member", err)
	}
}

func tarGzip(t *testing.T, files map[string]string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

func TestRemoteFilesAreWellFormed(t *testing.T) {
	for _, name := range []string{"fashion-mnist", "mnist", "cifar10", "cifar100"} {
		files, err := RemoteFiles(name)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, error %v", name, len(files), err)
		}
		for _, f := range files {
			if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != sha256.Size || f.Size < 1 || len(f.URLs) == 0 {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
	if _, err := Fetch(context.Background(), "glyphs", FetchOptions{}); err == nil {
		t.Error("glyphs can be fetched")
	}
}
