package weights

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
)

// Element k of every tensor of assorted.pt is k, however it is stored.
func TestEveryStorageOfTorchIsRead(t *testing.T) {
	f, err := open("testdata/assorted.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var names []string
	for _, tensor := range f.tensors {
		names = append(names, tensor.name)
		if tensor.elements == nil {
			continue
		}
		got := make([]float64, tensor.len())
		if err := tensor.read(got); err != nil {
			t.Errorf("%s: %v", tensor.name, err)
		}
		for k, v := range got {
			want := float64(k)
			switch tensor.name {
			case "repeated":
				want = 0
			case "spaced": // thirds in float32
				want = float64(float32(3*k) / 3)
			}
			if v != want {
				t.Errorf("%s %v: %v", tensor.name, tensor.shape, got)
				break
			}
		}
	}
	want := []string{"float64", "float32", "float16", "bfloat16", "transposed", "behind", "spaced", "repeated", "channels_last", "parameter", "tied", "tied_too", "scalar", "empty"}
	if !slices.Equal(names, want) {
		t.Errorf("tensors %q, want %q", names, want)
	}
}

func TestOtherFilesOfTorchAreRefused(t *testing.T) {
	for name, want := range map[string]string{
		"legacy.pt":  "in its format of before version 1.6: load it there and save it again with torch.save",
		"module.pt":  `data.pkl: it names "torch.nn.modules.container.Sequential", and only tensors and plain containers are read, nothing is run: save the state_dict()`,
		"resnet.npz": "a zip archive without data.pkl: not a file of torch.save",
		".":          "is a folder",
	} {
		_, err := open(filepath.Join("testdata", name))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// member is a file in an archive.
type member struct{ name, content string }

func zipped(t testing.TB, method uint16, members ...member) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, m := range members {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: method})
		if err == nil {
			_, err = entry.Write([]byte(m.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// tensorPickle is a state_dict {"w": …} over a storage of floats of the key 0: offset, size and strides in pickle's own terms.
func tensorPickle(offset, size, strides string) string {
	return "\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02tQ" +
		offset + size + strides + "\x89}tRs."
}

func TestDamagedAndHostileFilesOfTorch(t *testing.T) {
	const numbers = "\x00\x00\x80\x3f\x00\x00\x00\x40"
	good := tensorPickle("K\x00", "K\x02\x85", "K\x01\x85")
	archive := func(pkl string) []byte {
		return zipped(t, zip.Store, member{"a/data.pkl", pkl}, member{"a/data/0", numbers})
	}
	sound := archive(good)
	flipped := bytes.Replace(sound, []byte(numbers), []byte("\x00\x00\x80\x3e\x00\x00\x00\x40"), 1)
	call := "cbuiltins\neval\n(X\x04\x00\x00\x00exittR"
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"cut short":            {sound[:len(sound)-40], "is cut short or damaged"},
		"code":                 {archive("\x80\x02" + call + "."), `it names "builtins.eval"`},
		"code beside weights":  {archive("\x80\x02}(X\x01\x00\x00\x00x" + call + "u."), `it names "builtins.eval"`},
		"os.system":            {archive("cposix\nsystem\n(S'true'\ntR."), `it names "posix.system"`},
		"code that is dropped": {archive("cposix\nsystem\n0N."), `it names "posix.system"`},
		"nothing":              {archive("N."), "want a dictionary of tensors"},
		"no tensors":           {archive("}."), "there are no tensors in it"},
		"no end":               {archive("\x80\x02}"), "the file ends early"},
		"behind its storage":   {archive(tensorPickle("K\x01", "K\x02\x85", "K\x01\x85")), `tensor "w": it reaches beyond its storage`},
		"long strides":         {archive(tensorPickle("K\x00", "K\x02\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85")), "it reaches beyond its storage"},
		"absurd size":          {archive(tensorPickle("K\x00", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x02\x86", "K\x00K\x00\x86")), "it reaches beyond its storage"},
		"negative offset":      {archive(tensorPickle("J\xff\xff\xff\xff", "K\x02\x85", "K\x01\x85")), "it reaches beyond its storage"},
		"negative stride":      {archive(tensorPickle("K\x00", "K\x02\x85", "J\xff\xff\xff\xff\x85")), "its description is damaged"},
		"size and strides":     {archive(tensorPickle("K\x00", "K\x02\x85", ")")), "its description is damaged"},
		"no storage":           {zipped(t, zip.Store, member{"a/data.pkl", good}), `the zip archive lacks "data/0"`},
		"a bomb":               {zipped(t, zip.Deflate, member{"a/data.pkl", strings.Repeat("0", 1<<20)}), `"data.pkl" is compressed`},
		"flipped bits":         {flipped, "checksum error: the file is damaged"},
		"twice":                {zipped(t, zip.Store, member{"a/data.pkl", good}, member{"a/data.pkl", good}), `holds "a/data.pkl" twice`},
		"several":              {zipped(t, zip.Store, member{"a/data.pkl", good}, member{"b/data.pkl", good}), "several files data.pkl"},
		"big-endian":           {zipped(t, zip.Store, member{"a/data.pkl", good}, member{"a/byteorder", "big"}), `its byte order is "big"`},
		"TorchScript":          {zipped(t, zip.Store, member{"a/data.pkl", good}, member{"a/constants.pkl", ""}), "a TorchScript archive"},
		"no archive of torch":  {zipped(t, zip.Store, member{"x.npy", ""}), "a zip archive without data.pkl"},
		"several states": {archive("\x80\x02}(X\x01\x00\x00\x00a" + strings.TrimSuffix(good[2:], ".") + "X\x01\x00\x00\x00b" + strings.TrimSuffix(good[2:], ".") + "u."),
			`several dictionaries of tensors, "a", "b"`},
	} {
		_, err := loadBytes([]objective.Param{{Name: "w", Shape: []int{2}, Len: 2}}, c.raw, kernels.Float64)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", name, err, c.want)
		}
	}
	got, err := loadBytes([]objective.Param{{Name: "w", Shape: []int{2}, Len: 2}}, sound, kernels.Float64)
	if err != nil || !slices.Equal(got, []float64{1, 2}) {
		t.Errorf("the sound file: %v, %v", got, err)
	}
}

func TestTorchRoundTrip(t *testing.T) {
	tied := `{"input":[2],"loss":"mse","layers":[{"linear":{"out":2}},"tanh",{"linear":{"out":2,"weight":"0.weight"}}]}`
	for name, m := range map[string]*nn.Model{
		"norms": model(t, "resnet20,norm=frozen,width=4", []int{3, 8, 8}, 10, nn.CrossEntropy{}),
		"tied":  model(t, tied, nil, 0, nil),
	} {
		tensors := objective.Tensors(m)
		values := objective.Draw(m, 3)
		var out bytes.Buffer
		if err := WriteTorch(&out, tensors, kernels.Float64, values); err != nil {
			t.Fatal(err)
		}
		got, err := loadBytes(tensors, out.Bytes(), kernels.Float64)
		if err != nil || !slices.Equal(got, values) {
			t.Errorf("%s: %v", name, err)
		}
		archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range archive.File {
			if at, err := entry.DataOffset(); err != nil || at%64 != 0 {
				t.Errorf("%s: %s begins at byte %d, which torch.load cannot map: %v", name, entry.Name, at, err)
			}
		}
	}
}

// Names of wrappers, of parallel and compiled modules, and of the module that holds the network are seen through.
func TestNamesAreSeenThrough(t *testing.T) {
	m := small(t)
	file := func(prefix string) []byte {
		renamed := map[string]string{}
		for _, p := range m.Params() {
			renamed[p.Name] = prefix + p.Name
		}
		var out bytes.Buffer
		if err := WriteTorch(&out, Renamed(m.Params(), renamed), kernels.Float64, m.Init(1)); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for _, prefix := range []string{"", "module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod.", "net.", "module.net."} {
		if got, err := loadBytes(m.Params(), file(prefix), kernels.Float64); err != nil || !slices.Equal(got, m.Init(1)) {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
}

func TestNamesFromAFile(t *testing.T) {
	folder := t.TempDir()
	m := small(t)
	path := filepath.Join(folder, "w.pt")
	var out bytes.Buffer
	theirs := map[string]string{"0.weight": "body.fc.weight", "0.bias": "body.fc.bias", "1.weight": "norm.g", "1.bias": "norm.b"}
	if err := WriteTorch(&out, Renamed(m.Params(), theirs), kernels.Float64, m.Init(1)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct{ toml, want string }{
		{"\"body.fc.\" = \"0.\"\n\"norm.g\" = \"1.weight\"\n\"norm.b\" = \"1.bias\"", ""},
		{"norm.g = \"1.weight\"\nnorm.b = \"1.bias\"\n[body.fc]\nweight = \"0.weight\"\nbias = \"0.bias\"", ""},
		{"\"body.\" = \"\"\n\"body.fc.\" = \"0.\"\n\"norm.g\" = \"1.weight\"\n\"norm.b\" = \"1.bias\"", `"body." is to be called "", but the file has no such tensor`},
		{"\"norm.g\" = \"1.bias\"\n\"norm.b\" = \"1.bias\"", `tensors "norm.g" and "norm.b" are both to be called "1.bias"`},
		{"\"body.fc.\" = 3", `"body.fc." is no text`},
		{"", "there are none in it"},
		{"a = ", "write lines of the form"},
	} {
		file := filepath.Join(folder, fmt.Sprint(i, ".toml"))
		if err := os.WriteFile(file, []byte(c.toml), 0o600); err != nil {
			t.Fatal(err)
		}
		names, err := ReadNames(file)
		var got []float64
		var inFile map[string]string
		if err == nil {
			got, inFile, err = LoadNamed(path, m.Params(), kernels.Float64, names)
		}
		if c.want == "" {
			if err != nil || !slices.Equal(got, m.Init(1)) || fmt.Sprint(inFile) != fmt.Sprint(theirs) {
				t.Errorf("%q: %v, %v, %v", c.toml, got, inFile, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want one line with %q", c.toml, err, c.want)
		}
	}
}

// Of two like layers whose names say nothing, the order tells which is which.
func TestLikeliestPairs(t *testing.T) {
	m := &Mismatch{
		File:  []Tensor{{"a.weight", []int{3, 3}}, {"a.bias", []int{3}}, {"extra.scale", []int{3}}, {"b.weight", []int{3, 3}}, {"b.bias", []int{3}}},
		Model: []Tensor{{"1.weight", []int{3, 3}}, {"1.bias", []int{3}}, {"3.weight", []int{3, 3}}, {"3.bias", []int{3}}, {"4.weight", []int{7}}},
	}
	m.pair()
	var got []string
	for _, p := range m.Pairs {
		got = append(got, p.File.Name+"="+p.Model.Name)
	}
	if want := []string{"a.weight=1.weight", "a.bias=1.bias", "b.weight=3.weight", "b.bias=3.bias"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzTorch(f *testing.F) {
	m := small(f)
	var out bytes.Buffer
	if err := WriteTorch(&out, m.Params(), kernels.Float32, m.Init(1)); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add(zipped(f, zip.Store, member{"a/data.pkl", tensorPickle("K\x00", "K\x02\x85", "K\x01\x85")}, member{"a/data/0", "12345678"}))
	f.Add(zipped(f, zip.Deflate, member{"a/data.pkl", "N."}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		theta, err := loadBytes(m.Params(), raw, kernels.Float64)
		if err == nil && len(theta) != m.NumParams() {
			t.Errorf("%d values", len(theta))
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is not one line", err)
		}
	})
}

// FuzzTorchPickle keeps the archive sound, so that what is varied is the pickle.
func FuzzTorchPickle(f *testing.F) {
	f.Add([]byte(tensorPickle("K\x00", "K\x02\x85", "K\x01\x85")))
	f.Add([]byte("\x80\x02ccollections\nOrderedDict\n)R."))
	f.Fuzz(func(t *testing.T, pkl []byte) {
		raw := zipped(t, zip.Store, member{"a/data.pkl", string(pkl)}, member{"a/data/0", "12345678"})
		tensors, err := list(bytes.NewReader(raw), int64(len(raw)))
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is not one line", err)
		}
		for _, tensor := range tensors {
			if n := tensor.len(); tensor.elements != nil && n < 1<<10 {
				if err := tensor.read(make([]float64, n)); err != nil {
					t.Errorf("%s: %v", tensor.name, err)
				}
			}
		}
	})
}
