"""Fills in testdata/sampled.json the parameters of 50 steps by optimizers that draw labels, every fifth of them, in float64.

Run as: go test -run DrawnLabels -update .. && python3 sampled.py sampled.json
The random numbers in the file are those of the Go test. A label is the first class up to which the probabilities sum to the number of its example.
The formulas are those of the papers: Fisher penalty (Jastrzebski et al. 2021, equation 2) over torch.optim.SGD with momentum, Sophia (Liu et al.
2023, algorithm 3), K-FAC (Martens and Grosse 2015, with factored damping; convolutions by Grosse and Martens 2016) and EKFAC (George et al. 2018,
algorithm 1). Gradients of single examples are autograd's, one example at a time.
"""
import json
import math
import sys

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
SHAPES = [[2, 1, 3, 3], [2], [5, 8], [5], [3, 5], [3]]
STEPS, EXAMPLES, BATCH, CLASSES = 50, 12, 12, 3

with open(sys.argv[1]) as f:
    file = json.load(f)
X = torch.sin(0.7 * torch.arange(16.0)[None, :] + 1.3 * torch.arange(float(EXAMPLES))[:, None]).reshape(EXAMPLES, 1, 4, 4)
Y = torch.arange(EXAMPLES) % CLASSES


def parameters():
    flat = 0.4 * torch.sin(torch.arange(float(sum(math.prod(s) for s in SHAPES))) + 1)
    return [p.reshape(s).clone().requires_grad_() for p, s in zip(flat.split([math.prod(s) for s in SHAPES]), SHAPES)]


def network(p, x):
    """The outputs, and what enters and leaves each layer: [n,t,in] and [n,out,...]."""
    patches = F.unfold(x, 3, padding=1, stride=2).transpose(1, 2)
    z1 = F.conv2d(x, p[0], p[1], padding=1, stride=2)
    h = torch.tanh(z1).flatten(1)
    z2 = h @ p[2].T + p[3]
    k = torch.tanh(z2)
    z3 = k @ p[4].T + p[5]
    return z3, [patches, h[:, None], k[:, None]], [z1, z2, z3]


def examples(t):
    return [(t * BATCH + i) % EXAMPLES for i in range(BATCH)]


def labels(p, t):
    with torch.no_grad():
        sums = torch.softmax(network(p, X[examples(t)])[0], 1).cumsum(1)
    return torch.tensor([next(c for c in range(CLASSES) if c == CLASSES - 1 or s[c] >= u) for s, u in zip(sums, file["uniforms"][t])])


def loss(p, t, y=None):
    return F.cross_entropy(network(p, X[examples(t)])[0], Y[examples(t)] if y is None else y)


def penalty(p, lr=0.05, momentum=0.9, weight=0.05):
    o = torch.optim.SGD(p, lr=lr, momentum=momentum)

    def step(t):
        drawn = torch.autograd.grad(loss(p, t, labels(p, t)), p, create_graph=True)
        total = loss(p, t) + weight * sum(g.square().sum() for g in drawn)
        for x, g in zip(p, torch.autograd.grad(total, p)):
            x.grad = g
        o.step()

    return step


def sophia(diagonal):
    def make(p, lr=0.01, decay=0.1, beta1=0.96, beta2=0.99, gamma=0.05, eps=1e-12, every=5):
        m, h = [torch.zeros_like(x) for x in p], [torch.zeros_like(x) for x in p]

        def estimate(t):
            if diagonal == "gnb":
                return [BATCH * g.square() for g in torch.autograd.grad(loss(p, t, labels(p, t)), p)]
            u = [x.reshape(s) for x, s in zip(torch.tensor(file["normals"][t]).split([math.prod(s) for s in SHAPES]), SHAPES)]
            g = torch.autograd.grad(loss(p, t), p, create_graph=True)
            return [a * b for a, b in zip(u, torch.autograd.grad(sum((a * b).sum() for a, b in zip(u, g)), p))]

        def step(t):
            g = torch.autograd.grad(loss(p, t), p)
            e = estimate(t) if t % every == 0 else None
            with torch.no_grad():
                for k, x in enumerate(p):
                    m[k] = beta1 * m[k] + (1 - beta1) * g[k]
                    if e:
                        h[k] = beta2 * h[k] + (1 - beta2) * e[k]
                    x.mul_(1 - lr * decay)
                    x.sub_(lr * (m[k] / (gamma * h[k]).clamp(min=eps)).clamp(-1, 1))

        return step

    return make


def kfac(eigen=False, widest=512, momentum=0.5):
    def make(p, lr=0.02, damping=0.1, average=0.95, every=5):
        o = torch.optim.SGD(p, lr=lr, momentum=0 if eigen else momentum)
        layers = [k for k in range(3) if max(p[2 * k].shape[0], p[2 * k][0].numel()) <= widest]
        others = [k for k in range(3) if k not in layers]
        A, G, D, inverse, S = {}, {}, {}, {}, {}
        counts = {"refreshed": 0, "scaled": 0}

        def mix(into, k, new, count):
            keep = min(1 - 1 / count, average)
            into[k] = keep * into[k] + (1 - keep) * new if count > 1 else new

        def each(t, y):
            """The gradients of single examples at drawn labels."""
            return [torch.autograd.grad(F.cross_entropy(network(p, X[n : n + 1])[0], c[None]), p) for n, c in zip(examples(t), y)]

        def joined(g, k):
            return torch.cat([g[2 * k].reshape(len(g[2 * k]), -1), g[2 * k + 1][:, None]], 1)

        def refresh(t, y):
            counts["refreshed"] += 1
            counts["scaled"] = 0
            z, inputs, outputs = network(p, X[examples(t)])
            deltas = torch.autograd.grad(F.cross_entropy(z, y, reduction="sum"), outputs)
            for k in layers:
                a = torch.cat([inputs[k], torch.ones_like(inputs[k][..., :1])], 2).reshape(-1, inputs[k].shape[2] + 1).detach()
                d = deltas[k].reshape(BATCH, len(p[2 * k]), -1).transpose(1, 2).reshape(-1, len(p[2 * k]))
                mix(A, k, a.T @ a / BATCH, counts["refreshed"])
                mix(G, k, d.T @ d / len(d), counts["refreshed"])
                if eigen:
                    inverse[k] = torch.linalg.eigh(A[k])[1], torch.linalg.eigh(G[k])[1]
                    continue
                pi = math.sqrt((A[k].trace() / len(A[k])) / (G[k].trace() / len(G[k])))
                inverse[k] = (torch.linalg.inv(A[k] + pi * math.sqrt(damping) * torch.eye(len(A[k]))),
                              torch.linalg.inv(G[k] + math.sqrt(damping) / pi * torch.eye(len(G[k]))))
            if others:
                g = each(t, y)
                for k in others:
                    mix(D, k, sum(joined(x, k).square() for x in g) / BATCH, counts["refreshed"])

        def step(t):
            y = labels(p, t)
            g = torch.autograd.grad(loss(p, t), p)
            if t % every == 0:
                refresh(t, y)
            if eigen:
                counts["scaled"] += 1
                drawn = each(t, y)
            for k in range(3):
                m = joined(g, k)
                if k in others:
                    m = m / (D[k] + damping)
                elif eigen:
                    a, b = inverse[k]
                    mix(S, k, sum((b.T @ joined(x, k) @ a).square() for x in drawn) / BATCH, counts["scaled"])
                    m = b @ ((b.T @ m @ a) / (S[k] + damping)) @ a.T
                else:
                    m = inverse[k][1] @ m @ inverse[k][0]
                p[2 * k].grad = m[:, :-1].reshape(p[2 * k].shape).contiguous()
                p[2 * k + 1].grad = m[:, -1].contiguous()
            o.step()

        return step

    return make


def follow(make):
    p = parameters()
    step = make(p)
    rows = []
    for t in range(STEPS):
        step(t)
        if (t + 1) % 5 == 0 or t == 0:
            rows.append(torch.cat([x.detach().reshape(-1) for x in p]).tolist())
    return rows


file["rows"] = {
    "fisher-penalty": follow(penalty),
    "sophia-g": follow(sophia("gnb")),
    "sophia-h": follow(sophia("hutchinson")),
    "kfac": follow(kfac()),
    "kfac-narrow": follow(kfac(widest=8)),
    "ekfac": follow(kfac(eigen=True)),
}
with open(sys.argv[1], "w") as f:
    json.dump(file, f)
