package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// onDisk is data in files of each kind that may stay on disk, by specs with networks for them.
func onDisk(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	put := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	npy := func(name, descr, shape string, raw []byte) string {
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", descr, shape)
		return put(name, append(append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0), append([]byte(header), raw...)...))
	}
	const n, pixels = 24, 3 * 6 * 6
	noise, labels, tokens := make([]byte, n*pixels), make([]byte, n), []byte{}
	for i := range noise {
		noise[i] = byte(i*i*7 + i/5)
	}
	for i := range labels {
		labels[i] = byte(i % 3)
	}
	for i := range 200 {
		tokens = binary.LittleEndian.AppendUint16(tokens, uint16(i*i%23))
	}
	put("idx/train-images-idx3-ubyte", append([]byte{0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 6, 0, 0, 0, 18}, noise...))
	put("idx/train-labels-idx1-ubyte", append([]byte{0, 0, 8, 1, 0, 0, 0, n}, labels...))
	for i, class := range labels {
		img := image.NewGray(image.Rect(0, 0, 6, 6))
		copy(img.Pix, noise[i*pixels:])
		var file bytes.Buffer
		if err := png.Encode(&file, img); err != nil {
			t.Fatal(err)
		}
		put(fmt.Sprintf("images/%d/%d.png", class, i), file.Bytes())
	}
	return map[string]string{
		"npy:" + npy("x.npy", "|u1", "24,3,6,6", noise) + ",y=" + npy("y.npy", "|u1", "24,", labels) + ",layout=chw,scale=255": `{"layers":[{"conv2d":{"out":2,"kernel":3}},"tanh","flatten",{"linear":{"out":3}}]}`,
		"idx:" + filepath.Join(dir, "idx") + ",normalize=on,label-noise=0.3":                                                   "mlp:5",
		"images:" + filepath.Join(dir, "images") + ",normalize=on,test=4":                                                      "mlp:5",
		"tokens:" + npy("tokens.npy", "<u2", "200,", tokens) + ",context=6,stride=4":                                           "gpt:1,2,8",
		"text:" + put("text.txt", []byte(strings.Repeat("añb∂ to be ", 20))) + ",context=6,stride=5":                           "gpt:1,2,8",
	}
}

// What is measured over data that stay on disk, all of them or a sample, is the same to the last bit as over those in memory, and so are
// trained weights, their evaluation and their predictions.
func TestDataOnDiskGiveTheSameBits(t *testing.T) {
	for spec, model := range onDisk(t) {
		both := func(command func(where, out string) string) {
			t.Helper()
			dir := t.TempDir()
			results := [2]map[string]any{}
			for i, where := range []string{"off", "on"} {
				results[i] = object(t, command(fmt.Sprintf("--data %s,stream=%s --model %s", spec, where, model), filepath.Join(dir, where)))
				for _, other := range []string{"data", "config", "machine", "weights", "seconds", "out"} {
					delete(results[i], other)
				}
			}
			if !reflect.DeepEqual(results[0], results[1]) || len(results[0]) == 0 {
				t.Errorf("%s: %v from memory, %v from disk", spec, results[0], results[1])
			}
			var files [2][]byte
			for i, where := range []string{"off", "on"} {
				name := filepath.Join(dir, where)
				if info, err := os.Stat(name); err == nil && info.IsDir() {
					name = filepath.Join(name, "weights.safetensors")
				}
				var err error
				if files[i], err = os.ReadFile(name); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(files[0], files[1]) {
				t.Errorf("%s: other numbers from disk than from memory: %s", spec, command("", ""))
			}
		}
		both(func(task, out string) string {
			return "measure --quiet --json - --chunk 5 --sigma-top 2 --hessian-top 1 --vectors " + out + " " + task
		})
		both(func(task, out string) string {
			return "measure --quiet --json - --chunk 5 --examples 9 --vectors " + out + " " + task
		})
		both(func(task, out string) string {
			return "train --quiet --json - --chunk 5 --batch 8 --steps 7 --eval-examples 6 --out " + out + " " + task
		})
	}
}
