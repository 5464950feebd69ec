package peers

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const hello = `echo '{"name": "Toy 1.2", "ops": ["gemm"]}'; `

// shell starts a peer that is a shell script.
func shell(t *testing.T, script string) (*Peer, error) {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "toy.sh"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := start(t.Context(), candidate{python: path, script: "toy.sh", setting: "2 threads", threads: 2}, folder)
	if p != nil {
		t.Cleanup(p.Close)
	}
	return p, err
}

var request = Request{Op: "gemm", DType: "float32", Shape: []int{2, 3, 4}, TransB: true}

func TestRequestsAndAnswers(t *testing.T) {
	p, err := shell(t, hello+`read line; case $line in
		'{"op":"gemm","dtype":"float32","shape":[2,3,4],"transB":true,"seconds":0.5}') echo '{"seconds": 0.25}';;
		*) echo '{"error": "unexpected '"$(echo "$line" | tr -d '"')"'"}';; esac
		read line; echo '{"error": "MemoryError"}'; read line; echo '{"seconds": 2}'; read line; echo '{}'; read line`)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name() != "Toy 1.2 (2 threads)" || !p.Can("gemm") || p.Can("exp") {
		t.Errorf("%s: can gemm %v, exp %v", p.Name(), p.Can("gemm"), p.Can("exp"))
	}
	for k, want := range []struct {
		seconds float64
		says    string
	}{{0.25, ""}, {0, "MemoryError"}, {2, ""}, {0, "no time"}} {
		s, err := p.Time(t.Context(), request, 500*time.Millisecond)
		if s != want.seconds || (err != nil) != (want.says != "") || err != nil && !strings.Contains(err.Error(), want.says) {
			t.Errorf("answer %d: %v, %v", k, s, err)
		}
		if !p.Can("gemm") {
			t.Errorf("answer %d ended the peer", k)
		}
	}
}

func TestPeersThatFail(t *testing.T) {
	for script, says := range map[string]string{
		`echo "Traceback"; exit 1`:                   "not JSON",
		`echo "no such library" >&2; exit 1`:         "it ended: no such library",
		`echo '{"seconds": 3}'; read line`:           "its name",
		hello + `read line; echo "lost" >&2; exit 3`: "it ended: lost",
		hello + `exit 3`:                             "it ended",
		hello + `read line; echo nonsense`:           "not JSON",
		hello + `read line; sleep 60`:                "no answer within",
		hello + `read line; sleep 60 & wait`:         "no answer within",
	} {
		p, err := shell(t, script)
		if err == nil {
			p.child.timeout = 100 * time.Millisecond
			_, err = p.Time(t.Context(), request, time.Millisecond)
			if p.Can("gemm") {
				t.Errorf("%s: is still asked", script)
			}
			if _, again := p.Time(t.Context(), request, time.Millisecond); again == nil {
				t.Errorf("%s: answers after its end", script)
			}
		}
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", script, err, says)
		}
	}
}

func TestInterruptEndsAPeer(t *testing.T) {
	p, err := shell(t, hello+"read line; sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Time(ctx, request, time.Second); !errors.Is(err, context.DeadlineExceeded) || p.Can("gemm") {
		t.Errorf("%v", err)
	}
}

// Between two requests a peer is stopped, so it can take no time even if its threads wait in a loop.
func TestPeerIsStoppedBetweenRequests(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	p, err := shell(t, hello+`while read line; do echo '{"seconds": 1}'; done`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Time(t.Context(), request, 0); err != nil {
		t.Fatal(err)
	}
	var state string
	for range 100 { // the signal takes a moment
		text, _ := os.ReadFile("/proc/" + strconv.Itoa(p.child.cmd.Process.Pid) + "/stat")
		if state = strings.Fields(string(text[strings.LastIndex(string(text), ")")+1:]))[0]; state == "T" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("state %s, want T", state)
}

func TestEnvironmentChoosesNothingForTheLibrary(t *testing.T) {
	t.Setenv("OPENBLAS_CORETYPE", "Haswell")
	t.Setenv("OPENBLAS_L2_SIZE", "1")
	t.Setenv("OMP_NUM_THREADS", "7")
	e := environment(2)
	for _, entry := range e {
		if strings.HasPrefix(entry, "OPENBLAS_") && entry != "OPENBLAS_NUM_THREADS=2" || strings.HasPrefix(entry, "OMP_") {
			t.Error(entry)
		}
	}
	if !slices.Contains(e, "OPENBLAS_NUM_THREADS=2") {
		t.Error("the number of threads is not told")
	}
}

// The scripts' side of the protocol, with an operation that fails once asked for.
func TestProtocolInPython(t *testing.T) {
	pythons := interpreters()
	if len(pythons) == 0 {
		t.Skip("no Python")
	}
	folder, err := unpack()
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	const toy = `
import time
from protocol import serve

def nap(request):
    return lambda: time.sleep(request['shape'][0] / 1000), lambda: None

def bad(request):
    raise ValueError('two\nlines')

serve('Toy', {'nap': nap, 'bad': bad})
`
	if err := os.WriteFile(filepath.Join(folder, "toy.py"), []byte(toy), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := start(t.Context(), candidate{python: pythons[0], script: "toy.py"}, folder)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 2 { // the second request finds the operation prepared
		if s, err := p.Time(t.Context(), Request{Op: "nap", Shape: []int{3}}, 0); err != nil || s < 0.0025 {
			t.Errorf("%v s, %v", s, err)
		}
	}
	for op, says := range map[string]string{"bad": "ValueError: two lines", "none": "KeyError"} {
		if _, err := p.Time(t.Context(), Request{Op: op}, 0); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", op, err)
		}
	}
}
