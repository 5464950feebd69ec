"""Fills in testdata/forward.json what PyTorch says of its models: names and shapes of a state_dict, outputs and losses.

Run as: python3 reference.py forward.json
Parameters are sin(1), sin(2), … over the whole state_dict, inputs cos(1), cos(2), … over the batch, all float64.
"""
import json
import sys

import torch
from torch import nn


class Residual(nn.Sequential):
    def __init__(self, layers, shortcut):
        super().__init__(*layers)
        self.shortcut = shortcut if len(shortcut) else None

    def forward(self, x):
        y = x
        for name, layer in self.named_children():
            if name != "shortcut":
                y = layer(y)
        return y + (x if self.shortcut is None else self.shortcut(x))


class GlobalAvgPool(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


SIMPLE = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "silu": nn.SiLU,
          "softplus": nn.Softplus, "flatten": nn.Flatten, "globalavgpool": GlobalAvgPool}


def module(entry, x):
    """The module of one entry, for a batch x that reaches it."""
    if isinstance(entry, str):
        entry = {entry: {}}
    (kind, a), = entry.items()
    pick = lambda *names: {n: tuple(a[n]) if isinstance(a[n], list) else a[n] for n in names if n in a}
    if kind == "linear":
        return nn.Linear(x.shape[-1], a["out"], **pick("bias"))
    if kind == "conv2d":
        kernel = pick("kernel")["kernel"]
        return nn.Conv2d(x.shape[1], a["out"], kernel, **pick("stride", "padding", "bias"))
    if kind == "groupnorm":
        return nn.GroupNorm(a["groups"], x.shape[1], **pick("eps", "affine"))
    if kind == "layernorm":
        options = {"elementwise_affine": a["affine"]} if "affine" in a else {}
        return nn.LayerNorm(a.get("shape", [x.shape[-1]]), **pick("eps"), **options)
    if kind in ("maxpool2d", "avgpool2d"):
        pool = nn.MaxPool2d if kind == "maxpool2d" else nn.AvgPool2d
        return pool(pick("kernel")["kernel"], **pick("stride", "padding"))
    if kind == "residual":
        return Residual(chain(a["layers"], x), chain(a.get("shortcut", []), x))
    return SIMPLE[kind]()


def chain(entries, x):
    layers = []
    for e in entries:
        layers.append(module(e, x).double())
        x = layers[-1](x)
    return nn.Sequential(*layers)


def fill(case):
    model, n = case["model"], 3
    size = torch.Size(model["input"]).numel()
    x = torch.cos(torch.arange(1, n * size + 1, dtype=torch.float64)).reshape(n, *model["input"])
    net = chain(model["layers"], x)
    at = 0
    for p in net.state_dict().values():
        p.copy_(torch.sin(torch.arange(at + 1, at + p.numel() + 1, dtype=torch.float64)).reshape(p.shape))
        at += p.numel()
    out = net(x)
    if model["loss"] == "mse":
        losses = ((out - 0.5) ** 2).mean(dim=1)
    else:
        losses = nn.functional.cross_entropy(out, torch.arange(n) % out.shape[1], reduction="none")
    case["state_dict"] = {name: list(p.shape) for name, p in net.state_dict().items()}
    case["outputs"] = out.flatten().tolist()
    case["losses"] = losses.tolist()


cases = json.load(open(sys.argv[1]))
for c in cases:
    fill(c)
with open(sys.argv[1], "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")
