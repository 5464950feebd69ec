"""Trains drift's gpt:4,4,128 in PyTorch from drift's initial values on the first 12 examples of 64 characters, as drift train does.

    drift model gpt:4,4,128 --data text:tinyshakespeare.txt,context=64 --seed 2 --dtype float64 --save initial.pt
    python3 torch_gpt.py tinyshakespeare.txt initial.pt

The network has pre-norm blocks, exact GELU, learned positions, a head tied to the embedding, and no biases but in norms. AdamW with β₂ = 0.99
and a decay of 0.1 of matrices; the rate rises in 5 steps to 1e-3 and falls as a cosine towards 1e-4; gradients are clipped at norm 1. All in
float64. Prints the loss before each step.
"""
import argparse
import math

import torch
from torch import nn
from torch.nn import functional

BLOCKS, HEADS, WIDTH, CONTEXT, EXAMPLES = 4, 4, 128, 64, 12


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before = nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.behind = nn.LayerNorm(WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x):
        q, k, v = (a.unflatten(2, (HEADS, -1)).transpose(1, 2) for a in self.qkv(self.before(x)).split(WIDTH, 2))
        x = x + self.out(functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.down(functional.gelu(self.up(self.behind(x))))


class GPT(nn.Module):
    """Its parameters are in the order of drift's."""

    def __init__(self, tokens):
        super().__init__()
        self.table, self.positions = nn.Embedding(tokens, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks, self.norm = nn.Sequential(*(Block() for _ in range(BLOCKS))), nn.LayerNorm(WIDTH)

    def forward(self, x, y):
        scores = self.norm(self.blocks(self.table(x) + self.positions.weight)) @ self.table.weight.T
        return functional.cross_entropy(scores.flatten(0, 1), y.flatten())


def main():
    p = argparse.ArgumentParser()
    p.add_argument("text")
    p.add_argument("weights")
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--warmup", type=int, default=5)
    o = p.parse_args()
    torch.set_num_threads(1)
    with open(o.text, encoding="utf-8") as f:
        text = f.read()
    place = {c: i for i, c in enumerate(sorted(set(text)))}
    ids = torch.tensor([place[c] for c in text[: EXAMPLES * CONTEXT + 1]])
    x, y = ids[:-1].view(EXAMPLES, CONTEXT), ids[1:].view(EXAMPLES, CONTEXT)
    model = GPT(len(place)).double()
    values = torch.load(o.weights)
    del values[f"{2 * BLOCKS + 3}.weight"]  # the head, which is the table
    for p, value in zip(model.parameters(), values.values(), strict=True):
        p.data.copy_(value)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0}], betas=(0.9, 0.99))
    for step in range(o.steps):
        rate = 1e-3 * (step + 1) / (o.warmup + 1)
        if step >= o.warmup:
            rate = 1e-4 + 9e-4 * (1 + math.cos(math.pi * (step - o.warmup) / (o.steps - o.warmup))) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = model(x, y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        print(step + 1, loss.item(), flush=True)


if __name__ == "__main__":
    main()
