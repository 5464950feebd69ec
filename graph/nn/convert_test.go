package nn

import (
	"reflect"
	"strings"
	"testing"
)

const batchNormalized = `{"input":[4,6,6],"loss":"cross_entropy","layers":[{"conv2d":{"out":12,"kernel":3}},{"batchnorm2d":{"eps":0.001}},"relu",
	{"residual":{"layers":[{"conv2d":{"out":6,"kernel":1}},"batchnorm2d"],"shortcut":[{"conv2d":{"out":6,"kernel":1}},"batchnorm2d"]}},
	{"concat":{"branches":[[],["batchnorm2d"]]}},"flatten",{"linear":{"out":3}}]}`

func TestNormsAreConverted(t *testing.T) {
	if _, err := Parse(batchNormalized, nil, 0, nil); err == nil || !strings.Contains(err.Error(), "statistics of the batch couple its examples") {
		t.Errorf("batch normalization as it is: %v", err)
	}
	frozen, err := ParseFrozen(batchNormalized, nil, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := frozen.WithNorm("frozen", 8); err != nil || !reflect.DeepEqual(same.Layers, frozen.Layers) {
		t.Errorf("frozen twice: %v, %v", same, err)
	}
	grouped, err := frozen.WithNorm("groupnorm", 8)
	if err != nil {
		t.Fatal(err)
	}
	var norms []GroupNorm
	grouped.Layers.each(func(l Layer) Layer {
		if norm, ok := l.(GroupNorm); ok {
			norms = append(norms, norm)
		}
		return l
	})
	// 12, 6, 6 and 6 channels: with 8 they have the common divisors 4 and 2.
	if want := []GroupNorm{{4, 1e-3, true}, {2, 1e-5, true}, {2, 1e-5, true}, {2, 1e-5, true}}; !reflect.DeepEqual(norms, want) {
		t.Errorf("groups %v, want %v", norms, want)
	}
	if len(grouped.Buffers()) > 0 || len(grouped.Params()) != len(frozen.Params()) {
		t.Errorf("buffers %v, %d parameters: want none and %d", grouped.Buffers(), len(grouped.Params()), len(frozen.Params()))
	}
	for i, p := range frozen.Params() {
		if q := grouped.Params()[i]; q.Name != p.Name || q.Len != p.Len {
			t.Errorf("%s became %s", p.Name, q.Name)
		}
	}
	if again, err := grouped.WithNorm("frozen", 8); err != nil || !reflect.DeepEqual(again.Layers, frozen.Layers) {
		t.Errorf("back again: %v, %v", again, err)
	}
	plain, err := Parse("linear", []int{4}, 2, MSE{})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{"groupnorm": "the network has no batch normalization", "layernorm": "want groupnorm or frozen"} {
		if _, err := plain.WithNorm(kind, 8); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// The names are those of torchvision.models.resnet18 and vgg11.
func TestTorchvisionNames(t *testing.T) {
	name := func(spec string, input []int, of string) string {
		m, err := Parse(spec, input, 10, CrossEntropy{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range append(m.Params(), m.Buffers()...) {
			if p.Name == of {
				return p.Torchvision
			}
		}
		t.Fatalf("%s has no %s", spec, of)
		return ""
	}
	photo := []int{3, 224, 224}
	for _, c := range []struct{ spec, ours, want string }{
		{"resnet18,norm=frozen", "0.weight", "conv1.weight"}, {"resnet18,norm=frozen", "1.running_var", "bn1.running_var"},
		{"resnet18,norm=frozen", "4.0.weight", "layer1.0.conv1.weight"}, {"resnet18,norm=frozen", "6.4.bias", "layer1.1.bn2.bias"},
		{"resnet18,norm=frozen", "8.shortcut.0.weight", "layer2.0.downsample.0.weight"}, {"resnet18,norm=frozen", "8.shortcut.1.running_mean", "layer2.0.downsample.1.running_mean"},
		{"resnet18,norm=frozen", "18.3.weight", "layer4.1.conv2.weight"}, {"resnet18,norm=frozen", "21.bias", "fc.bias"},
		{"resnet34", "12.0.weight", "layer2.1.conv1.weight"}, {"resnet34", "34.0.weight", "layer4.2.conv1.weight"},
		{"vgg11", "0.weight", "features.0.weight"}, {"vgg11", "18.bias", "features.18.bias"},
		{"vgg11", "22.weight", "classifier.0.weight"}, {"vgg11", "24.weight", "classifier.3.weight"}, {"vgg11", "26.bias", "classifier.6.bias"},
		{"mlp:4", "1.weight", ""},
	} {
		if got := name(c.spec, photo, c.ours); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.spec, c.ours, got, c.want)
		}
	}
}

func TestStemAndOutputsOfPresets(t *testing.T) {
	for spec, want := range map[string]int{"resnet18,stem=7": 7, "resnet18,stem=3": 3, "resnet18": 3} {
		m, err := Parse(spec+",outputs=1000", []int{3, 64, 64}, 10, CrossEntropy{})
		if err != nil || m.Params()[0].FileShape()[2] != want || m.Target().Index != 1000 {
			t.Errorf("%s: %v", spec, err)
		}
	}
	for spec, want := range map[string]string{"resnet18,stem=5": "stem=5: choose from 3, 7", "resnet20,stem=7": "takes no option", "linear,outputs=3": "it has 3 outputs but the data have 10 classes"} {
		if _, err := Parse(spec, []int{3, 8, 8}, 10, CrossEntropy{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}
