"""Fills in testdata/forward.json what PyTorch says of its models: names and shapes of a state_dict, outputs and losses, the squared
norms of each example's gradient, tr Σ and ‖∂tr Σ‖², and H v with its norm for v = cos(1), cos(2), … as vᵀHv and ‖Hv‖².

Run as: python3 reference.py forward.json
Parameters are sin(1), sin(2), … over all of them, buffers sin(1)/2 + 1, sin(2)/2 + 1, …, inputs cos(1), cos(2), … over the batch,
all float64; inputs below an index are 0, 7, 14, … modulo it.
"""
import json
import sys

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel


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


class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-5):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x):
        return x / torch.sqrt((x * x).mean(dim=-1, keepdim=True) + self.eps) * self.weight


class Tokens(nn.Module):
    def forward(self, x):
        return x.flatten(2).transpose(1, 2)


class MeanPool(nn.Module):
    def forward(self, x):
        return x.mean(dim=1)


class Concat(nn.Module):
    def __init__(self, branches):
        super().__init__()
        for k, branch in enumerate(branches):
            self.add_module(str(k), branch)

    def forward(self, x):
        parts = [branch(x) for branch in self.children()]
        return torch.cat(parts, dim=1 if x.dim() == 4 else -1)


class Positions(nn.Module):
    def __init__(self, length, width):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(length, width))

    def forward(self, x):
        return x + self.weight[: x.shape[1]]


class Attention(nn.MultiheadAttention):
    def __init__(self, width, heads, causal=False, bias=True):
        super().__init__(width, heads, bias=bias, batch_first=True)
        self.causal = causal

    def forward(self, x):
        t = x.shape[1]
        mask = torch.ones(t, t, dtype=torch.bool).triu(1) if self.causal else None
        return super().forward(x, x, x, attn_mask=mask, need_weights=False)[0]


SIMPLE = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "gelu_tanh": lambda: nn.GELU(approximate="tanh"), "silu": nn.SiLU,
          "softplus": nn.Softplus, "flatten": nn.Flatten, "globalavgpool": GlobalAvgPool,
          "tokens": Tokens, "meanpool": MeanPool}


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
        return nn.Conv2d(x.shape[1], a["out"], kernel, **pick("stride", "padding", "dilation", "groups", "bias"))
    if kind == "groupnorm":
        return nn.GroupNorm(a["groups"], x.shape[1], **pick("eps", "affine"))
    if kind == "layernorm":
        options = {"elementwise_affine": a["affine"]} if "affine" in a else {}
        return nn.LayerNorm(a.get("shape", [x.shape[-1]]), **pick("eps"), **options)
    if kind in ("maxpool2d", "avgpool2d"):
        pool = nn.MaxPool2d if kind == "maxpool2d" else nn.AvgPool2d
        return pool(pick("kernel")["kernel"], **pick("stride", "padding"))
    if kind == "rmsnorm":
        return RMSNorm(x.shape[-1], **pick("eps"))
    if kind == "batchnorm2d":
        return nn.BatchNorm2d(x.shape[1], **pick("eps")).eval()
    if kind == "embedding":
        return nn.Embedding(a["tokens"], a["width"])
    if kind == "positions":
        return Positions(a["length"], x.shape[-1])
    if kind == "attention":
        return Attention(x.shape[-1], **pick("heads", "causal", "bias"))
    if kind == "concat":
        return Concat([chain(branch, x) for branch in a["branches"]])
    if kind == "residual":
        return Residual(chain(a["layers"], x), chain(a.get("shortcut", []), x))
    return SIMPLE[kind]()


def chain(entries, x):
    layers = []
    for e in entries:
        layers.append(module(e, x).double())
        x = layers[-1](x)
    return nn.Sequential(*layers)


def share(net, entries):
    """Gives linear layers that name a weight of another that weight."""
    for k, e in enumerate(entries):
        name = isinstance(e, dict) and e.get("linear", {}).get("weight")
        if name:
            net[k].weight = dict(net.named_parameters())[name]


def fill(case):
    model, n = case["model"], 3
    index = isinstance(model["input"], dict) and model["input"]["index"]
    shape = model["input"]["shape"] if index else model["input"]
    size = torch.Size(shape).numel()
    x = torch.cos(torch.arange(1, n * size + 1, dtype=torch.float64))
    if index:
        x = 7 * torch.arange(n * size) % index
    x = x.reshape(n, *shape)
    net = chain(model["layers"], x)
    share(net, model["layers"])
    for tensors, f in ((net.parameters(), torch.sin), (net.buffers(), lambda x: torch.sin(x) / 2 + 1)):
        at = 0
        for p in tensors:
            if p.is_floating_point():
                p.data.copy_(f(torch.arange(at + 1, at + p.numel() + 1, dtype=torch.float64)).reshape(p.shape))
                at += p.numel()
    out = net(x)
    if model["loss"] == "mse":
        losses = ((out - 0.5) ** 2).mean(dim=1)
    elif out.dim() == 2:
        losses = nn.functional.cross_entropy(out, torch.arange(n) % out.shape[1], reduction="none")
    else:
        classes = torch.arange(n * out.shape[1]).reshape(n, -1) % out.shape[2]
        losses = nn.functional.cross_entropy(out.transpose(1, 2), classes, reduction="none").mean(dim=1)
    named = list(net.named_parameters()) + [(k, b) for k, b in net.named_buffers() if b.is_floating_point()]
    case["state_dict"] = {name: list(p.shape) for name, p in named}
    case["outputs"] = out.flatten().tolist()
    case["losses"] = losses.tolist()
    params = list(net.parameters())
    flat = lambda value: torch.cat([g.flatten() for g in torch.autograd.grad(value, params, create_graph=True)])
    rows = torch.stack([flat(loss) for loss in losses])
    trace = ((rows - rows.mean(0)) ** 2).sum() / (n - 1)
    v = torch.cos(torch.arange(1, rows.shape[1] + 1, dtype=torch.float64))
    product = flat(rows.sum(0) @ v)
    case["squared_norms"] = (rows * rows).sum(1).tolist()
    case["trace"] = [trace.item(), (flat(trace) ** 2).sum().item()]
    case["product"] = [(product @ v).item(), (product**2).sum().item()]


cases = json.load(open(sys.argv[1]))
with sdpa_kernel(SDPBackend.MATH):  # which has second derivatives
    for c in cases:
        fill(c)
with open(sys.argv[1], "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")
