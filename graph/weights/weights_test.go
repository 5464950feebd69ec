package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
)

// small has parameters 0.weight [2,3], 0.bias [2] and 1.weight, 1.bias of shape [2].
func small(t testing.TB) *nn.Model {
	t.Helper()
	return model(t, `{"input":[3],"loss":"cross_entropy","layers":[{"linear":{"out":2}},"layernorm"]}`, nil, 0, nil)
}

func model(t testing.TB, spec string, input []int, outputs int, loss nn.Loss) *nn.Model {
	t.Helper()
	m, err := nn.Parse(spec, input, outputs, loss)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// fileOf is the bytes of a safetensors file with the given header and so many zero bytes of data.
func fileOf(header string, data int) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+strings.Repeat("\x00", data)...)
}

// entries is a header of tensors "NAME TYPE SHAPE FROM TO".
func entries(list ...string) string {
	var parts []string
	for _, e := range list {
		var name, dtype, shape string
		var from, to uint64
		if _, err := fmt.Sscan(e, &name, &dtype, &shape, &from, &to); err != nil {
			panic(err)
		}
		parts = append(parts, fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, from, to))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

const rest = "1.weight F32 [2] 32 40"

// loadBytes is Load for what a file would hold.
func loadBytes(params []objective.Param, raw []byte, dt kernels.DType) ([]float64, error) {
	tensors, err := list(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, err
	}
	trim(tensors)
	values, _, err := layout(params).load(tensors, dt, nil)
	return values, err
}

func TestDamagedOrForeignWeights(t *testing.T) {
	m := small(t)
	weight, bias, shift := "0.weight F32 [2,3] 0 24", "0.bias F32 [2] 24 32", "1.bias F32 [2] 40 48"
	huge := append(binary.LittleEndian.AppendUint64(nil, 1<<62), "{}"...)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":            {nil, "0 bytes are no safetensors file"},
		"text":             {[]byte("these are no weights"), "it claims a header of 8241904413164529780 bytes in a file of 20 (at most 16777216 are read): not a file of safetensors or torch.save, or cut short"},
		"header too long":  {huge, "it claims a header of 4611686018427387904 bytes in a file of 10 (at most 16777216 are read): not a file of safetensors or torch.save, or cut short"},
		"header no JSON":   {fileOf("{", 0), `its header is damaged: "unexpected end of JSON input"`},
		"header a list":    {fileOf("[]", 0), `its header is damaged: "failed to unmarshal Metadata: json: cannot unmarshal array into Go value of type map[string]map[string]interface {}"`},
		"missing":          {fileOf(entries(weight, bias, rest), 40), `its tensors are not those of the model: the model alone has "1.bias" [2] (1 of 4)`},
		"other names":      {fileOf(entries("fc.weight F32 [2,3] 0 24", "fc.bias F32 [2] 24 32", rest, shift), 48), `its tensors are not those of the model: the file alone has "fc.weight" [2,3], "fc.bias" [2] (2 of 4); the model alone has "0.weight" [2,3], "0.bias" [2] (2 of 4); the likeliest pairs by shape and order are "fc.weight" = "0.weight", "fc.bias" = "0.bias"`},
		"extra":            {fileOf(entries(weight, bias, rest, shift, "2.weight F32 [1] 48 52"), 52), `its tensors are not those of the model: the file alone has "2.weight" [1] (1 of 5)`},
		"misshapen":        {fileOf(entries("0.weight F32 [3,2] 0 24", bias, rest, shift), 48), `tensor "0.weight" has shape [3,2] but the model needs [2,3]`},
		"absurd shape":     {fileOf(entries("0.weight F32 [4294967296,4294967296] 0 24", bias, rest, shift), 48), `tensor "0.weight" of shape [4294967296 4294967296] and type F32 has 24 bytes: the file is damaged`},
		"integers":         {fileOf(entries("0.weight I32 [2,3] 0 24", bias, rest, shift), 48), `tensor "0.weight" holds I32: only float64, float32, float16 and bfloat16 are read`},
		"wrong length":     {fileOf(entries("0.weight F64 [2,3] 0 24", bias, rest, shift), 48), `tensor "0.weight" of shape [2 3] and type F64 has 24 bytes: the file is damaged`},
		"reversed offsets": {fileOf(entries("0.weight F32 [2,3] 24 0", bias, rest, shift), 48), `tensor "0.weight" of shape [2 3] and type F32 has -24 bytes: the file is damaged`},
		"overlap":          {fileOf(entries(weight, "0.bias F32 [2] 16 24", rest, shift), 48), "its tensors overlap or leave gaps at byte 24: the file is damaged"},
		"far away":         {fileOf(entries("0.weight F32 [2,3] 9223372036854775784 9223372036854775808", bias, rest, shift), 48), "its tensors overlap or leave gaps at byte 0: the file is damaged"},
		"cut short":        {fileOf(entries(weight, bias, rest, shift), 47), "it holds 47 bytes of tensors where its header says 48: it is cut short or damaged"},
		"trailing bytes":   {fileOf(entries(weight, bias, rest, shift), 49), "it holds 49 bytes of tensors where its header says 48: it is cut short or damaged"},
	} {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, m.Params(), kernels.Float64)
		if want := "reading weights " + path + ": " + c.want; err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, want)
		}
	}
	if _, err := Load("missing.safetensors", m.Params(), kernels.Float64); err == nil || err.Error() != "reading weights: stat missing.safetensors: no such file or directory" {
		t.Error(err)
	}
}

func TestWeightsRoundTrip(t *testing.T) {
	m := model(t, "resnet20", []int{3, 8, 8}, 10, nn.CrossEntropy{})
	theta := m.Init(5)
	for _, dt := range []kernels.DType{kernels.Float64, kernels.Float32} {
		var file bytes.Buffer
		if err := Write(&file, m.Params(), dt, Vector{Values: theta}); err != nil {
			t.Fatal(err)
		}
		got, err := loadBytes(m.Params(), file.Bytes(), kernels.Float64)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range theta {
			if dt == kernels.Float32 {
				v = float64(float32(v))
			}
			if got[i] != v {
				t.Fatalf("%v: element %d is %v, was %v", dt, i, got[i], v)
			}
		}
	}
}

// TestHalfPrecision reads a file of several types.
func TestHalfPrecision(t *testing.T) {
	m := small(t)
	data := fileOf(entries("0.weight BF16 [2,3] 0 12", "0.bias F16 [2] 12 16", "1.weight F64 [2] 24 40", "1.bias F32 [2] 16 24"), 40)
	binary.LittleEndian.PutUint16(data[len(data)-40:], 0xc049) // −3.140625
	theta, err := loadBytes(m.Params(), data, kernels.Float64)
	if err != nil || theta[0] != -3.140625 {
		t.Errorf("%v, %v", theta, err)
	}
	binary.LittleEndian.PutUint16(data[len(data)-38:], 0x7fc0) // NaN
	if _, err := loadBytes(m.Params(), data, kernels.Float64); err == nil || !strings.Contains(err.Error(), `element 1 of tensor "0.weight" is NaN`) {
		t.Errorf("weights with a NaN: %v", err)
	}
}

// A float64 that float32 does not hold is fine where the parameters are float64.
func TestWeightsThatOverflowFloat32AreNamed(t *testing.T) {
	m := small(t)
	theta := m.Init(1)
	theta[7] = -1e39 // element 1 of 0.bias
	path := filepath.Join(t.TempDir(), "w.safetensors")
	var w bytes.Buffer
	if err := Write(&w, m.Params(), kernels.Float64, Vector{Values: theta}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, w.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path, m.Params(), kernels.Float64); err != nil || !slices.Equal(got, theta) {
		t.Errorf("in float64: %v, %v", got, err)
	}
	want := "reading weights " + path + `: element 1 of tensor "0.bias" is -1e+39, more than float32 holds: compute in float64`
	if _, err := Load(path, m.Params(), kernels.Float32); err == nil || err.Error() != want {
		t.Errorf("in float32: %v, want %s", err, want)
	}
}

func TestVectorsAreNamedByKind(t *testing.T) {
	m := small(t)
	var file bytes.Buffer
	ones, twos := slices.Repeat([]float64{1}, m.NumParams()), slices.Repeat([]float64{2}, m.NumParams())
	if err := Write(&file, m.Params(), kernels.Float64, Vector{"grad", ones}, Vector{"sigma_diag", twos}); err != nil {
		t.Fatal(err)
	}
	tensors, _, err := readHeader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil || len(tensors) != 8 || tensors["grad.0.weight"] == nil || tensors["sigma_diag.1.bias"] == nil {
		t.Errorf("%v, %v", tensors, err)
	}
	if err := Write(&file, m.Params(), kernels.Float64, Vector{"grad", ones[1:]}); err == nil {
		t.Error("a vector of the wrong length was written")
	}
}

// A state_dict of PyTorch's holds the statistics of a batch normalisation beside its parameters, and a counter that says nothing here.
func TestFrozenStatisticsAreReadAndWritten(t *testing.T) {
	m := model(t, `{"input":[1,2,2],"loss":"mse","layers":[{"batchnorm2d":{"statistics":"frozen"}},"flatten",{"linear":{"out":1,"bias":false}}]}`, nil, 0, nil)
	tensors := objective.Tensors(m)
	var names []string
	for _, p := range tensors {
		names = append(names, p.Name)
	}
	if want := []string{"0.weight", "0.bias", "2.weight", "0.running_mean", "0.running_var"}; !slices.Equal(names, want) {
		t.Fatalf("tensors %v, want %v", names, want)
	}
	data := fileOf(entries("0.weight F64 [1] 0 8", "0.bias F64 [1] 8 16", "0.running_mean F64 [1] 16 24", "0.running_var F64 [1] 24 32",
		"0.num_batches_tracked I64 [] 32 40", "2.weight F64 [1,4] 40 72"), 72)
	for i := range 9 {
		binary.LittleEndian.PutUint64(data[len(data)-72+8*i:], math.Float64bits(float64(i)))
	}
	got, err := loadBytes(tensors, data, kernels.Float32)
	if want := []float64{0, 1, 5, 6, 7, 8, 2, 3}; err != nil || !slices.Equal(got, want) {
		t.Fatalf("read %v, %v, want %v", got, err, want)
	}
	var again bytes.Buffer
	if err := Write(&again, tensors, kernels.Float64, Vector{Values: got}); err != nil {
		t.Fatal(err)
	}
	if back, err := loadBytes(tensors, again.Bytes(), kernels.Float64); err != nil || !slices.Equal(back, got) {
		t.Errorf("read back %v, %v", back, err)
	}
	if _, err := loadBytes(m.Params(), again.Bytes(), kernels.Float64); err == nil {
		t.Error("a file with statistics was read as parameters alone")
	}
}

// A tied weight may stand in a file once, or under both names, as PyTorch writes it, and then must be the same.
func TestSharedWeightsMayStandTwice(t *testing.T) {
	m := model(t, `{"input":[2],"loss":"mse","layers":[{"linear":{"out":2,"bias":false}},"tanh",{"linear":{"out":2,"bias":false,"weight":"0.weight"}}]}`, nil, 0, nil)
	once, twice := fileOf(entries("0.weight F64 [2,2] 0 32"), 32), fileOf(entries("0.weight F64 [2,2] 0 32", "2.weight F64 [2,2] 32 64"), 64)
	other := slices.Clone(twice)
	binary.LittleEndian.PutUint64(other[len(other)-8:], math.Float64bits(1))
	misshapen := fileOf(entries("0.weight F64 [2,2] 0 32", "2.weight F64 [4] 32 64"), 64)
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"once", "", once}, {"twice", "", twice},
		{"differing", `tensors "0.weight" and "2.weight" differ, but in the model they are one parameter`, other},
		{"misshapen", `tensor "2.weight" has shape [4] but the model needs [2,2]`, misshapen},
	} {
		_, err := loadBytes(m.Params(), c.data, kernels.Float64)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	m := small(f)
	f.Add(fileOf(entries("0.weight F32 [2,3] 0 24", "0.bias F32 [2] 24 32", rest, "1.bias F32 [2] 40 48"), 48))
	f.Add(fileOf(entries("0.weight F16 [2,3] 0 12"), 12))
	f.Add(fileOf(`{"__metadata__":{"format":"pt"}}`, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		theta, err := loadBytes(m.Params(), data, kernels.Float64)
		if err == nil && len(theta) != m.NumParams() {
			t.Errorf("%d values", len(theta))
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is not one line", err)
		}
	})
}
