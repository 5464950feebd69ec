package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"drift/optim"
)

// owners are the optimizers that look at a flag, which its help names in front of a colon; none where all do.
func owners(f *pflag.Flag) []string {
	head, _, _ := strings.Cut(f.Usage, ": ")
	names := strings.Split(head, ", ")
	if slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(optim.Optimizers, name) }) {
		return nil
	}
	return names
}

// noteIdle says which flags of the command line none of the chosen optimizers looks at.
func (a *app) noteIdle(flags *pflag.FlagSet, optimizers ...string) {
	chosen := func(owner string) bool { return slices.Contains(optimizers, owner) }
	flags.VisitAll(func(f *pflag.Flag) {
		if of := owners(f); a.given(f.Name) && !a.quiet && len(of) > 0 && !slices.ContainsFunc(of, chosen) {
			fmt.Fprintf(a.stderr, "note: --%s means nothing to %s, only to %s\n", f.Name, strings.Join(optimizers, ", "), strings.Join(of, " and "))
		}
	})
}

// sigmaFlags are the flags of the optimizers that use Σ.
func sigmaFlags(flags *pflag.FlagSet, s *optim.Settings) {
	add(flags, &s.Penalty, "penalty", optim.Penalties[0], "gd-reg: add to the loss λ tr Σ, or the norms of the gradients of blocks: "+
		strings.Join(optim.Penalties, "|"), "name", oneOf(optim.Penalties...))
	add(flags, &s.Estimator, "estimator", optim.Estimators[0], "gd-reg: how the penalty's gradient is found: "+
		strings.Join(optim.Estimators, "|"), "name", oneOf(optim.Estimators...))
	add(flags, &s.Noise, "noise", optim.Noises[0], "gd-noise: covariance of the noise, I·tr Σ/(BP) or Σ/B: "+
		strings.Join(optim.Noises, "|"), "name", oneOf(optim.Noises...))
	add(flags, &s.Method, "method", optim.Methods[0], "sigma-inverse: Σ exactly, or by an approximation: "+
		strings.Join(optim.Methods, "|"), "name", oneOf(optim.Methods...))
	add(flags, &s.Damping, "damping", 1, "sigma-inverse: δ of (Σ+δI)⁻¹ḡ", "float", positive)
	flags.BoolVar(&s.DampingRelative, "damping-relative", false, "sigma-inverse: --damping is in units of tr Σ/P")
	flags.BoolVar(&s.DampingAdaptive, "damping-adaptive", false, "sigma-inverse: change δ by how much of the predicted decrease comes true")
	add(flags, &s.Rank, "rank", 10, "sigma-inverse: eigenpairs of lowrank", "int", atLeast(1))
	add(flags, &s.Refresh, "refresh", 10, "sigma-inverse: steps between refreshments of lowrank's eigenpairs and kronecker's bases", "int", atLeast(1))
	add(flags, &s.Window, "window", 0,
		"sigma-inverse: examples whose gradients lowrank keeps; 0: a quarter of a batch, at least 64 and up to 1,024", "int", atLeast(0))
	add(flags, &s.Average, "average", 0, "sigma-inverse: β of the running means of lowrank, diagonal and kronecker", "float", fraction)
}
