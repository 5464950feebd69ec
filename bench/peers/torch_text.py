"""Trains the network of torch_gpt.py as nanoGPT's README does on a processor, and says what its loss is over all of the validation part.

    python3 torch_text.py tinyshakespeare.txt --seed 1

4 blocks and heads, width 128, without any biases, initial values N(0, 0.02²) (--std) and of residual outputs 0.02/√8; 2,000 batches of 12 examples that begin
anywhere in the first nine tenths of the text; AdamW with β₂ = 0.99 and a decay of 0.1 of matrices; the rate rises in 100 steps to 1e-3 and falls as a
cosine to 1e-4; gradients are clipped at norm 1. nanoGPT reports the mean loss of 20 random batches of the last tenth: how such estimates are spread
is printed too.
"""
import argparse
import math

import torch
from torch import nn

from torch_gpt import BLOCKS, CONTEXT, EXAMPLES, GPT

WARMUP = 100


def network(tokens, std):
    model = GPT(tokens)
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.bias = None
    for name, p in model.named_parameters():
        if p.dim() > 1:
            residual = name.endswith(("out.weight", "down.weight"))
            nn.init.normal_(p, 0, std / math.sqrt(2 * BLOCKS) if residual else std)
    return model


def drawn(run):
    """A batch of examples that begin anywhere, and what follows each of their tokens."""
    starts = torch.randint(len(run) - CONTEXT, (EXAMPLES,))
    return torch.stack([run[i : i + CONTEXT] for i in starts]), torch.stack([run[i + 1 : i + 1 + CONTEXT] for i in starts])


def whole(model, run):
    """The mean loss over all examples that do not overlap."""
    n = (len(run) - 1) // CONTEXT
    x, y = run[: n * CONTEXT].view(n, CONTEXT), run[1 : n * CONTEXT + 1].view(n, CONTEXT)
    return sum(model(x[i : i + 256], y[i : i + 256]).item() * len(x[i : i + 256]) for i in range(0, n, 256)) / n


def train(model, run, steps):
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0}], betas=(0.9, 0.99))
    for step in range(steps):
        rate = 1e-3 * (step + 1) / (WARMUP + 1)
        if step >= WARMUP:
            rate = 1e-4 + 9e-4 * (1 + math.cos(math.pi * (step - WARMUP) / (steps - WARMUP))) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = model(*drawn(run))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("text")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--steps", type=int, default=2000)
    p.add_argument("--std", type=float, default=0.02)
    o = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(o.seed)
    with open(o.text, encoding="utf-8") as f:
        text = f.read()
    place = {c: i for i, c in enumerate(sorted(set(text)))}
    ids = torch.tensor([place[c] for c in text])
    first = int(0.9 * len(ids))
    model = network(len(place), o.std)
    train(model, ids[:first], o.steps)
    with torch.no_grad():
        print("training part", whole(model, ids[:first]), "validation part", whole(model, ids[first:]))
        estimates = torch.tensor([sum(model(*drawn(ids[first:])).item() for _ in range(20)) / 20 for _ in range(50)])
    print("50 estimates from 20 batches: mean", estimates.mean().item(), "standard deviation", estimates.std().item(), "least", estimates.min().item())


if __name__ == "__main__":
    main()
