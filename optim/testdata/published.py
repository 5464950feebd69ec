"""Fills in testdata/published.json the parameters of 50 steps by published optimizers, every fifth of them, in float64.

Run as: python3 published.py published.json
AdamW and Adafactor are torch.optim's. The others are the formulas of their papers: SAM and the gradient penalty over torch.optim.SGD with momentum,
Muon as its authors' code has it (update of a matrix and Adam for vectors, without their bfloat16), Shampoo as algorithms 1 and 2 have it.
The loss of the parameters θ at step t is Σ_i [θ_i²/4 + θ_i sin(0.7 i + 1.3 t)] + Σ_i cos(θ_i θ_{i+1}), i + 1 modulo their number.
"""
import json
import math
import sys

import numpy as np
import torch

SHAPES = [[3, 4], [3], [2, 3], [2, 3, 2, 2], [2], [4, 2]]
STEPS = 50


def parameters():
    total = sum(math.prod(s) for s in SHAPES)
    flat = torch.sin(torch.arange(total, dtype=torch.float64) + 1)
    return [p.reshape(s).clone().requires_grad_() for p, s in zip(flat.split([math.prod(s) for s in SHAPES]), SHAPES)]


def loss(params, t):
    theta = torch.cat([p.reshape(-1) for p in params])
    phase = 0.7 * torch.arange(len(theta), dtype=torch.float64) + 1.3 * t
    return (theta**2 / 4 + theta * torch.sin(phase)).sum() + torch.cos(theta * theta.roll(-1)).sum()


def gradients(params, t):
    for p in params:
        p.grad = None
    loss(params, t).backward()


def follow(make):
    params = parameters()
    step = make(params)
    rows = []
    for t in range(STEPS):
        step(t)
        if (t + 1) % 5 == 0 or t == 0:
            rows.append(torch.cat([p.detach().reshape(-1) for p in params]).tolist())
    return rows


def torchs(optimizer, **options):
    def make(params):
        o = optimizer(params, **options)

        def step(t):
            gradients(params, t)
            o.step()

        return step

    return make


def sam(params, lr=0.05, momentum=0.9, rho=0.1):
    o = torch.optim.SGD(params, lr=lr, momentum=momentum)

    def step(t):
        gradients(params, t)
        norm = torch.cat([p.grad.reshape(-1) for p in params]).norm()
        moves = [rho * p.grad / (norm + 1e-12) for p in params]
        with torch.no_grad():
            for p, e in zip(params, moves):
                p.add_(e)
        gradients(params, t)
        with torch.no_grad():
            for p, e in zip(params, moves):
                p.sub_(e)
        o.step()

    return step


def penalty(params, lr=0.05, momentum=0.9, weight=0.05):
    o = torch.optim.SGD(params, lr=lr, momentum=momentum)

    def step(t):
        value = loss(params, t)
        g = torch.autograd.grad(value, params, create_graph=True)
        total = value + weight * sum(x.square().sum() for x in g)
        for p, x in zip(params, torch.autograd.grad(total, params)):
            p.grad = x
        o.step()

    return step


def newton_schulz(g, steps):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g
    if g.size(-2) > g.size(-1):
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return x.mT if g.size(-2) > g.size(-1) else x


def muon(params, lr=0.02, decay=0.1, beta=0.95, adam_lr=3e-4, betas=(0.9, 0.95), eps=1e-10, steps=5):
    momenta = [torch.zeros_like(p) for p in params]
    squares = [torch.zeros_like(p) for p in params]

    def step(t):
        gradients(params, t)
        with torch.no_grad():
            for p, m, v in zip(params, momenta, squares):
                g = p.grad
                # the decay of both groups is that of the step: lr times decay
                p.mul_(1 - lr * decay)
                if p.ndim < 2:
                    m.lerp_(g, 1 - betas[0])
                    v.lerp_(g.square(), 1 - betas[1])
                    p.sub_(adam_lr * (m / (1 - betas[0] ** (t + 1))) / ((v / (1 - betas[1] ** (t + 1))).sqrt() + eps))
                    continue
                m.lerp_(g, 1 - beta)
                update = g.lerp(m, beta)
                if update.ndim == 4:
                    update = update.view(len(update), -1)
                update = newton_schulz(update, steps) * max(1, g.size(-2) / g.size(-1)) ** 0.5
                p.sub_(lr * update.reshape(p.shape))

    return step


def shampoo(params, lr=0.1, eps=1e-4, longest=3):
    sums = [[np.eye(n) * eps for n in p.shape] for p in params]

    def step(t):
        gradients(params, t)
        for p, of in zip(params, sums):
            g = p.grad.numpy().copy()
            axes = [i for i, n in enumerate(g.shape) if n <= longest]
            for i in axes:
                m = np.moveaxis(g, i, 0).reshape(g.shape[i], -1)
                of[i] += m @ m.T
            direction = g
            for i in axes:
                values, vectors = np.linalg.eigh(of[i])
                root = vectors @ np.diag(values ** (-1 / (2 * len(axes)))) @ vectors.T
                direction = np.moveaxis(np.tensordot(root, direction, axes=(1, i)), 0, i)
            with torch.no_grad():
                p.sub_(lr * torch.from_numpy(np.ascontiguousarray(direction)))

    return step


out = {
    "shapes": SHAPES,
    "adamw": follow(torchs(torch.optim.AdamW, lr=0.05, weight_decay=0.1)),
    "adafactor": follow(torchs(torch.optim.Adafactor, lr=0.05, weight_decay=0.1)),
    "sam": follow(sam),
    "gradient_penalty": follow(penalty),
    "muon": follow(muon),
    "shampoo": follow(shampoo),
}
with open(sys.argv[1], "w") as f:
    json.dump(out, f)
