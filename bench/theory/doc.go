// Package theory puts D. A. Roberts' "SGD Implicitly Regularizes Generalization Error" (2021) to the test, equation by equation, on
// any network and data set and on the linear model with Gaussian inputs. Statements marked ◆ go beyond the paper.
//
// For example n of N, g_n and h_n are gradient and Hessian of its loss at θ₀; ḡ and H their means; Σ = (1/(N−1)) Σ_n
// (g_n−ḡ)(g_n−ḡ)ᵀ; g^B and h^B means over a set B; η the learning rate; m the batches of an epoch.
//
// # One update
//
// (3) The gradient of a batch is the mean of its examples' gradients, and ⟨g_n, v⟩ is the change of ℓ_n along v.
//
// (4) tr Σ = (Σ‖g_n‖² − N‖ḡ‖²)/(N−1) and ∂tr Σ = (2/(N−1)) Σ_n h_n (g_n − ḡ), where Σ_n (g_n − ḡ) = 0 drops ∂ḡ. With 1/(N−1)
// subsets have the trace of the whole in the mean.
//
// (5) ◆ For subsets A, B of a fixed set, indicator variables of membership have covariance −1/N beside what A∩B adds, so Cov(g^A,
// g^B) = (|A∩B|/|A||B| − 1/N) Σ, exactly. For independent draws from a distribution the 1/N is absent: that is (5).
//
// (6) ℓ^A(θ − ηg^B) = ℓ^A − η g^A·g^B + O(η²). (7) follows with (5) for g^A·g^B; (8) with B = A and with B∩A = ∅.
//
// (9) δε = δℓ^A − δℓ^B = η g^B·(g^B − g^A) + O(η²), η tr Σ/N in the mean, because A and B differ only in overlap. ◆ The
// second-order terms (η²/2) g^B·h g^B of both losses leave −(η²/2) g^B·(h^B − h^A) g^B.
//
// §4: where A has another mean gradient G_test, the mean of (9) is η[‖G‖² + tr Σ/N] − η G·G_test = η tr Σ/N + η G·(G − G_test). The
// paper prints the second term with the opposite sign; the checks measure which one holds.
//
// # Epochs
//
// (10)–(11) The second of two updates is taken at −ηg^B: −η g^C(θ₀ − ηg^B) = −ηg^C + η² h^C g^B. (12) With ḡ = (g^B + g^C)/2 and H
// alike, GD − SGD = η²[¼(h^B + h^C)(g^B + g^C) − h^C g^B], the bracket of (12) rearranged.
//
// (13) ◆ An epoch moves by −η Σ_t g^(t) + η² Σ_{s<t} h^(t) g^(s). Without replacement the first sum is that of GD; in the second,
// by (5) for disjoint batches, ⟨h^(t) g^(s)⟩ = Hḡ − Cov(h,g)/N with Cov(h,g) = ½∂tr Σ, for each of m(m−1)/2 pairs:
//
//	GD − ⟨SGD⟩ = (η²/2N)(m(m−1)/2) ∂tr Σ + O(η³),
//
// which m steps of GD on ℓ + ((m−1)/4) η tr Σ/N make up for. Batches drawn with replacement are independent: no drift. With
// momentum a gradient has the weight a_k = (1−μᵏ)/(1−μ) in the parameters k steps later, and the pairs add up to K = Σ_{s<t}
// a_{m−t} a_{t−s}; a constant M enters once for each update, which gives M ∂tr(MΣ). By (5) for one batch, (1/4m) Σ_k ‖ĝ_k − ḡ‖² has
// the mean ((m−1)/4) tr Σ/N.
//
// # Beyond leading order
//
// ◆ At the learning rates of practice (13) is a beginning. Expand in the noise of batches instead, along the path θ̄_t of GD, with H_t,
// h_n and g_n taken there. With θ_t = θ̄_t + ξ_t an update is, to second order in the noise,
//
//	ξ_{t+1} = ξ_t − η[H_t ξ_t + (g^(t) − ḡ) + (h^(t) − H_t) ξ_t + ½∂(ξ_tᵀ H_t ξ_t)],
//
// where in the last term ξ_t is held constant. In first order ξ_t is a sum over earlier steps s and examples n of w_n^s r_n^s: w_n^s is
// 1/b where n is in batch s and 0 elsewhere, and r_n^s is what an update by g_n − ḡ at step s has become at t, carried on by I − ηH.
// Σ_n r_n^s = 0, so of the weights' covariances only the excess of w_n^s w_n^t over w_n^s w_k^t with k ≠ n counts. Without replacement
// it is −1/(N(N−1)) for s ≠ t, where n cannot be in both batches, and (1/(N−1))(1/b − 1/N) = 1/(b(N−1)) − 1/(N(N−1)) for s = t. So with
// r_n = Σ_s r_n^s the mean δ_t of θ_t − θ̄_t obeys
//
//	δ_{t+1} = (I − ηH_t) δ_t − η[⟨(h^(t) − H_t) ξ_t⟩ + ½∂tr(H_t V_t)]
//	⟨(h^(t) − H_t) ξ_t⟩ = −(1/(N(N−1))) Σ_n (h_n − H_t) r_n
//	V_t = ⟨ξ_t ξ_tᵀ⟩ = (1/(b(N−1))) Σ_{s,n} r_n^s r_n^sᵀ − (1/(N(N−1))) Σ_n r_n r_nᵀ.
//
// The first term in the bracket is the drift of (13), propagated: r_n begins as −ηt(g_n − ḡ). The second is diffusion: the spread of
// SGD meets third derivatives. Momentum and a constant M change how an update and a deviation are carried on, and nothing else. What is
// left is of third order in the noise where its distribution is skew, and of fourth order else. Where ηλ_max nears 1 it is not small.
//
// The checks replace g^B by ḡ + s(g^B − ḡ), which leaves the path θ̄ and multiplies the prediction by s²: over all shuffles and both
// signs of s the error must fall as s⁴, at one learning rate.
//
// The same terms may be added to the path along which they are taken: m_{t+1} = m_t − η[ḡ + ⟨(h^(t) − H_t) ξ_t⟩ + ½∂tr(H_t V_t)], all at m_t.
// This path around SGD's own mean differs from θ̄_t + δ_t by terms of fourth order in the noise, and it holds further: curvature is
// that of where SGD goes.
//
// All this takes of order Nm²/2 products with Hessians and third derivatives. For larger networks ξ_t and the quadratic terms follow
// single shuffles (see Paths): their mean over all shuffles is the recursion's result, and where a shuffle leads SGD differs from GD's
// end, its ξ and its quadratic terms by the third order only. So the part that the expansion leaves, the mean of these differences, is known
// from a few shuffles, where its prediction by itself would take many: that varies as much as the drift of single shuffles.
//
// What is left has a part of odd order in the noise, from the skewness of batches on, and one of even order. Shuffles followed with the
// opposite noise, along 2ḡ − g^B, tell them apart (see Paths.Dissect). Where units have kinks, h_n and third derivatives are those of the network
// with every unit held on its side; SGD on gradients of the network held along GD's path is what they speak of, and what it lacks of
// SGD is what the noise does by crossing kinks.
//
// Random signs estimate the recursion itself (see Probes): z = Σ_n ε_n q_n obeys z ← (I − ηH)z + Σ_n ε_n (g_n − ḡ), E Σ_n ε_n (h_n − H) z is
// Σ_n (h_n − H) q_n and E zzᵀ is Σ_n q_n q_nᵀ; signs drawn anew at each step give B_t likewise. With P probes the standard error of the
// vector falls as 1/√P (Remainder.Needed says how many a stated one takes), and the squared length of what it leaves of D = ⟨SGD⟩ − GD is the
// mean of ⟨D − δ₁, D − δ₂⟩ over independent probes: that of D − δ itself would count the noise of δ.
//
// # Comments of §4
//
// Σ⁻¹: tr(MΣ) with M frozen at (Σ + δI)⁻¹ has the gradient of log det(Σ + δI), since d log det X = tr(X⁻¹ dX). With N×P gradients,
// Woodbury's identity leaves an N×N system. For M = Σ⁻¹ the gap drifts by η tr(MΣ)/N = ηP/N.
//
// The linear model: Gaussian fourth moments give ⟨(dᵀx)² x xᵀ⟩ = dᵀCd·C + 2 C d dᵀ C, hence Σ = (dᵀCd + σ²) C + C d dᵀ C.
//
// Self-averaging: the variance of δε over data sets and that of δg over splits (see gapVariance and driftScales), beside what
// Gaussian gradients would have.
//
// # Along a run
//
// At epochs of a training run: §4's drift of the gap, η ḡ·(ḡ − G_test) summed along the path, where ‖ḡ‖² exceeds ‖G‖² by tr Σ/N,
// beside what the gap did; and GD − ⟨SGD⟩ over an epoch, from a Monte Carlo mean over orders and their reverses without the term of
// order η, beside what the regularizer makes of it and what drift and diffusion to second order in the noise do. The expansion fails
// where the terms of order η² in an epoch's displacement, ηK‖Hḡ‖, reach those of order η, Σ_t a_{m−t} ‖ḡ‖.
//
// # How they are judged
//
// Everything runs in float64. An identity must hold to 1e-10. Where an order in η is claimed, the error's slope over at least five
// rates a factor 2 apart must be within 0.1 of the order, and the leading term within 1 % at the smallest; rates at which rounding
// dominates are left out, and the rounding is measured at rates too low for any remainder. Means over the subsets and shuffles of a
// small set are exact; others are Monte Carlo over orders and their reverses, and must agree within 4 standard errors. Controls are
// wrong statements that must be rejected, by 10 standard errors where they are statistical.
package theory
