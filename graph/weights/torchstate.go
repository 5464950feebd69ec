package weights

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"drift/data/pickle"
)

// storageTypes are PyTorch's, with what their elements are; nil where those are no floating-point numbers, which are not read.
var storageTypes = map[string]*element{
	"DoubleStorage": float64s, "FloatStorage": float32s, "HalfStorage": float16s, "BFloat16Storage": bfloats,
	"LongStorage": nil, "IntStorage": nil, "ShortStorage": nil, "CharStorage": nil, "ByteStorage": nil, "BoolStorage": nil,
	"ComplexDoubleStorage": nil, "ComplexFloatStorage": nil,
}

// plain are classes and functions that stand for data alone, as checkpoints hold them beside their tensors.
var plain = map[string][]string{
	"collections":            {"OrderedDict", "defaultdict", "Counter", "deque"},
	"torch":                  {"Size", "device", "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"},
	"torch._utils":           {"_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_parameter_with_state"},
	"torch.serialization":    {"_get_layout"},
	"argparse":               {"Namespace"},
	"builtins":               {"dict", "list", "tuple", "set", "frozenset", "int", "float", "bool", "str", "complex", "bytearray", "slice", "range"},
	"__builtin__":            {"dict", "list", "tuple", "set", "frozenset", "int", "long", "float", "bool", "str", "unicode", "complex", "bytearray"},
	"_codecs":                {"encode"},
	"numpy":                  {"dtype", "ndarray"},
	"numpy.core.multiarray":  {"scalar", "_reconstruct"},
	"numpy._core.multiarray": {"scalar", "_reconstruct"},
}

// allowed refuses a file that names anything else: not because it would be run, but because such a file is no file of weights.
func allowed(g pickle.Global) error {
	if _, known := storageTypes[g.Name]; known && g.Module == "torch" || slices.Contains(plain[g.Module], g.Name) {
		return nil
	}
	return fmt.Errorf("it names %.80q, and only tensors and plain containers are read, nothing is run: save the state_dict() of the network with torch.save",
		g.Module+"."+g.Name)
}

// maxWrappers is how deep a state may lie in dictionaries.
const maxWrappers = 4

// wrappers are the names under which training programs keep the state of a network beside that of other things.
var wrappers = []string{"state_dict", "model_state_dict", "model", "net", "network", "module"}

// state lists the tensors of a state_dict, which may lie in dictionaries.
func (a *torchArchive) state(value any) ([]*tensor, error) {
	for range maxWrappers {
		d := dictOf(value)
		if d == nil {
			return nil, errors.New("want a dictionary of tensors: save the state_dict() of the network with torch.save")
		}
		inner, err := unwrapped(d)
		if err != nil {
			return nil, err
		}
		if inner == nil {
			return a.tensors(d)
		}
		value = inner
	}
	return nil, fmt.Errorf("its dictionaries lie more than %d deep in each other", maxWrappers)
}

// unwrapped is the dictionary in d that holds the state of the network, nil where d does.
func unwrapped(d *pickle.Dict) (*pickle.Dict, error) {
	for _, name := range wrappers {
		if inner := dictOf(d.Get(name)); inner != nil {
			return inner, nil
		}
	}
	var names []string
	var inner *pickle.Dict
	for i, value := range d.Values {
		if isTensor(value) {
			return nil, nil
		}
		if candidate := dictOf(value); candidate != nil && slices.ContainsFunc(candidate.Values, isTensor) {
			name, _ := textOf(d.Keys[i])
			names, inner = append(names, fmt.Sprintf("%.40q", name)), candidate
		}
	}
	if len(names) > 1 {
		return nil, fmt.Errorf("it holds several dictionaries of tensors, %s: save the one that is meant alone", shortList(names))
	}
	return inner, nil
}

// dictOf is what a dictionary, ordered or not, holds; nil for anything else.
func dictOf(value any) *pickle.Dict {
	switch v := value.(type) {
	case *pickle.Dict:
		return v
	case *pickle.Object:
		if g, _ := v.Call.(pickle.Global); g.Module != "collections" {
			return nil
		}
		if v.Items != nil {
			return v.Items
		}
		return &pickle.Dict{}
	}
	return nil
}

func textOf(key any) (string, bool) {
	if b, ok := key.([]byte); ok {
		return string(b), true
	}
	s, ok := key.(string)
	return s, ok
}

const rebuildTensor = "_rebuild_tensor_v2"

// called is the arguments of a call of a function of torch._utils; nil where value is none.
func called(value any, name string) pickle.Tuple {
	if o, ok := value.(*pickle.Object); ok && o.Call == any(pickle.Global{Module: "torch._utils", Name: name}) {
		return o.Args
	}
	return nil
}

// unparameter is the tensor of a parameter.
func unparameter(value any) any {
	for _, name := range []string{"_rebuild_parameter", "_rebuild_parameter_with_state"} {
		if args := called(value, name); len(args) > 0 {
			return args[0]
		}
	}
	return value
}

func isTensor(value any) bool { return called(unparameter(value), rebuildTensor) != nil }

// tensors lists those of a dictionary. Numbers and texts among them are no weights.
func (a *torchArchive) tensors(d *pickle.Dict) ([]*tensor, error) {
	var tensors []*tensor
	seen := map[string]bool{}
	for i, key := range d.Keys {
		args := called(unparameter(d.Values[i]), rebuildTensor)
		if args == nil {
			continue
		}
		name, ok := textOf(key)
		if !ok {
			return nil, fmt.Errorf("a tensor is named by a %T, want a text", key)
		}
		if seen[name] {
			return nil, fmt.Errorf("tensor %.60q is there twice", name)
		}
		seen[name] = true
		t, err := a.tensor(args)
		if err != nil {
			return nil, fmt.Errorf("tensor %.60q: %w", name, err)
		}
		t.name = name
		tensors = append(tensors, t)
	}
	return tensors, nil
}

// tensor reads the arguments of _rebuild_tensor_v2: storage, offset, size, stride, and what says nothing about the values.
func (a *torchArchive) tensor(args pickle.Tuple) (*tensor, error) {
	damaged := errors.New("its description is damaged")
	if len(args) < 4 {
		return nil, damaged
	}
	persistent, _ := args[0].(pickle.Persistent)
	id, _ := persistent.ID.(pickle.Tuple) // "storage", type, key, device, elements
	if len(id) != 5 {
		return nil, damaged
	}
	class, ok := id[1].(pickle.Global)
	elements, known := storageTypes[class.Name]
	key, isText := textOf(id[2])
	offset, isNumber := args[1].(int64)
	size, sized := wholeNumbers(args[2])
	strides, strided := wholeNumbers(args[3])
	if !ok || !known || !isText || !isNumber || !sized || !strided || len(size) != len(strides) {
		return nil, damaged
	}
	t := &tensor{kind: strings.TrimSuffix(class.Name, "Storage"), elements: elements, strides: strides}
	for _, d := range size {
		t.shape = append(t.shape, int(min(d, maxElements+1)))
	}
	if elements == nil {
		return t, nil // which names and shapes may be about, but no values
	}
	s, err := a.storage(key)
	if err != nil {
		return nil, err
	}
	if !t.within(offset, s.data.Size()/int64(elements.size)) {
		return nil, errors.New("it reaches beyond its storage: the file is damaged")
	}
	t.data, t.offset, t.whole = s.data, offset*int64(elements.size), s.check
	return t, nil
}

// within tells whether all elements lie in a storage of n.
func (t *tensor) within(offset, n int64) bool {
	if t.len() < 0 || offset < 0 || offset > n {
		return false
	}
	if t.len() == 0 {
		return true
	}
	last := offset
	for i, d := range t.shape {
		if steps := int64(d - 1); steps > 0 && t.strides[i] > (n-1-last)/steps {
			return false
		}
		last += int64(d-1) * t.strides[i]
	}
	return last < n
}

// wholeNumbers is a tuple, or a torch.Size, of numbers from 0 on.
func wholeNumbers(value any) ([]int64, bool) {
	if o, ok := value.(*pickle.Object); ok && o.Call == any(pickle.Global{Module: "torch", Name: "Size"}) && len(o.Args) == 1 {
		value = o.Args[0]
	}
	items, ok := value.(pickle.Tuple)
	if list, isList := value.(*pickle.List); isList {
		items, ok = list.Items, true
	}
	numbers := make([]int64, len(items))
	for i, item := range items {
		n, isNumber := item.(int64)
		if !isNumber || n < 0 {
			return nil, false
		}
		numbers[i] = n
	}
	return numbers, ok && len(items) <= 64
}
