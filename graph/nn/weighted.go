package nn

// weighted is a layer that multiplies by a weight [out,…].
type weighted struct {
	shape     []int   // of the weight
	positions int     // of an example at which it is applied
	bias      bool    // whether a bias [out] follows
	shared    string  // full name of the parameter of another layer that is its weight; empty: one of its own
	std       float64 // standard deviation of the initial weight; 0: PyTorch's distribution
}

// weightAndBias declares the layer's tensors. Both are drawn from U(±1/√fan_in), as PyTorch's kaiming_uniform with a = √5 and its
// rule for biases do.
func (s *Scope) weightAndBias(w weighted) error {
	fanIn, err := volume(w.shape[1:])
	if err != nil {
		return err
	}
	if err := notNegative("std", w.std); err != nil {
		return err
	}
	init := Uniform(uniformBound(fanIn))
	if w.std > 0 {
		init = Normal(w.std)
	}
	if w.shared != "" {
		err = s.Share("weight", w.shared, w.shape...)
	} else {
		err = s.Param("weight", init, w.shape...)
	}
	if err != nil {
		return err
	}
	s.CountProducts(w.positions * fanIn * w.shape[0])
	if !w.bias {
		return nil
	}
	if w.std > 0 {
		init = Constant(0)
	}
	return s.Param("bias", init, w.shape[0])
}
