package nn

import "fmt"

// each is the list with every layer replaced by what f makes of it, in the order of Model.Lines; layers inside others come after those.
func (list Layers) each(f func(Layer) Layer) Layers {
	if list == nil {
		return nil
	}
	out := make(Layers, len(list))
	for i, l := range list {
		switch l := f(l).(type) {
		case Residual:
			out[i] = Residual{Layers: l.Layers.each(f), Shortcut: l.Shortcut.each(f)}
		case Concat:
			c := Concat{}
			for _, branch := range l.Branches {
				c.Branches = append(c.Branches, branch.each(f))
			}
			out[i] = c
		default:
			out[i] = l
		}
	}
	return out
}

// frozen is the list with batch normalizations as they are in evaluation mode.
func (list Layers) frozen() Layers {
	return list.each(func(l Layer) Layer {
		if norm, ok := l.(BatchNorm2D); ok {
			norm.Statistics = "frozen"
			return norm
		}
		return l
	})
}

// ParseFrozen is Parse for networks as they were described for training elsewhere: all batch normalizations in it are frozen.
func ParseFrozen(spec string, input []int, outputs int, loss Loss) (*Model, error) {
	return parseFitting(spec, input, outputs, loss, true)
}

// WithNorm is the model with other normalizations of images. With "groupnorm" every batch normalization becomes one by groups, of which
// there are as many as given, or their greatest common divisor with the channels. With "frozen" every one by groups becomes a frozen
// batch normalization. Scales and shifts keep their names.
func (m *Model) WithNorm(kind string, groups int) (*Model, error) {
	if kind != "groupnorm" && kind != "frozen" {
		return nil, fmt.Errorf("converting norms to %q: want groupnorm or frozen", kind)
	}
	if m.whole != "" {
		return nil, fmt.Errorf("converting norms to %s: %s is no list of layers", kind, m.whole)
	}
	at, changed := -1, 0
	layers := m.Layers.each(func(l Layer) Layer {
		at++
		switch norm := l.(type) {
		case BatchNorm2D:
			if kind == "groupnorm" {
				changed++
				return GroupNorm{Groups: divisor(groups, m.lines[at].Output[0]), Eps: norm.Eps, Affine: true}
			}
		case GroupNorm:
			if kind == "frozen" {
				changed++
				return BatchNorm2D{Statistics: "frozen", Eps: norm.Eps}
			}
		}
		return l
	})
	if changed == 0 && kind == "groupnorm" {
		return nil, fmt.Errorf("converting norms to groupnorm: the network has no batch normalization")
	}
	return New(m.Input, m.Loss, layers...)
}

// divisor is the greatest common one.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
