package optim

import "reflect"

// Entry is an optimizer under a name.
type Entry struct {
	Name      string
	Optimizer Optimizer
}

// registry is the optimizers that the command line knows, with their defaults.
var registry = []Entry{
	{"sgd", DefaultSGD},
	{"gd", DefaultGD},
	{"gd-reg", DefaultGDReg},
	{"sgd-reg", DefaultSGDReg},
	{"sigma-inverse", DefaultSigmaInverse},
	{"gd-noise", DefaultGDNoise},
	{"gradient-penalty", DefaultGradientPenalty},
	{"fisher-penalty", DefaultFisherPenalty},
	{"sam", DefaultSAM},
	{"adamw", DefaultAdamW},
	{"adam", DefaultAdam},
	{"nadam", DefaultNAdam},
	{"rmsprop", DefaultRMSProp},
	{"adagrad", DefaultAdagrad},
	{"lion", DefaultLion},
	{"adafactor", DefaultAdafactor},
	{"sophia", DefaultSophia},
	{"muon", DefaultMuon},
	{"shampoo", DefaultShampoo},
	{"kfac", DefaultKFAC},
	{"ekfac", DefaultEKFAC},
}

// Registered is the optimizers that have a name, with their defaults.
func Registered() []Entry { return registry }

// Register gives an optimizer a name, under which the command line and files know it, its options those of the given value.
// A name or a type that is there already is replaced. It is for init functions: it must not run beside anything else of this package.
func Register(name string, defaults Optimizer) {
	for i, e := range registry {
		if e.Name == name || reflect.TypeOf(e.Optimizer) == reflect.TypeOf(defaults) {
			registry[i] = Entry{name, defaults}
			return
		}
	}
	registry = append(registry, Entry{name, defaults})
}

// Names is the names of the registered optimizers.
func Names() []string {
	names := make([]string, len(registry))
	for i, e := range registry {
		names[i] = e.Name
	}
	return names
}

// Lookup is the optimizer of a name, with its defaults.
func Lookup(name string) (Optimizer, bool) {
	for _, e := range registry {
		if e.Name == name {
			return e.Optimizer, true
		}
	}
	return nil, false
}

// NameOf is the name of an optimizer's type: the registered one, or else what Go calls it.
func NameOf(o Optimizer) string {
	if w, ok := o.(transformed); ok {
		return w.String()
	}
	for _, e := range registry {
		if reflect.TypeOf(e.Optimizer) == reflect.TypeOf(o) {
			return e.Name
		}
	}
	return reflect.TypeOf(o).String()
}
