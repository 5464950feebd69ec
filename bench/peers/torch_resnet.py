"""Trains drift's resnet20 in PyTorch on arrays that drift data export wrote, as drift train does.

    drift data export images:cifar10-jpeg.zip,train=10000,normalize=on --out cifar.npz
    python3 torch_resnet.py cifar.npz --lr 0.1 --warmup 100 --epochs 5 --seed 1

The network is that of He et al. 2015, §4.2, with 1×1 convolutions as shortcuts and GroupNorm in 8 groups; PyTorch draws its initial
values. Batches are a shuffle of all examples, the last of what is left. Images are cut out of a frame of 4 black pixels and flipped.
The learning rate of step t of T (from 0) rises to lr over the warm-up, and falls as a cosine from there, to 0 behind the last step.
--weights begins with values that drift model --save has written, in float64 and with the images as they are.
Prints a JSON object a line: one an epoch, and at the end the losses and accuracies.
"""
import argparse
import json
import math
import time

import numpy
import torch
from torch import nn
from torch.nn import functional


def norm(channels):
    return nn.GroupNorm(8, channels)


class Block(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(before, channels, 3, stride, 1, bias=False), norm(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), norm(channels),
        )
        self.shortcut = nn.Identity()
        if before != channels:
            self.shortcut = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), norm(channels))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.layers(x))


def resnet20():
    layers, before = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), norm(16), nn.ReLU()], 16
    for channels in 16, 32, 64:
        for block in range(3):
            layers.append(Block(before, channels, 2 if channels > 16 and block == 0 else 1))
            before = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def changed(x, black):
    """Each image cut out of a frame of black, and flipped with probability ½."""
    n, channels, height, width = x.shape
    framed = black.view(1, -1, 1, 1).expand(n, channels, height + 8, width + 8).clone()
    framed[:, :, 4:-4, 4:-4] = x
    corners, flips = torch.randint(9, (n, 2)).tolist(), torch.rand(n) < 0.5
    cut = torch.stack([image[:, i : i + height, j : j + width] for image, (i, j) in zip(framed, corners)])
    return torch.where(flips.view(-1, 1, 1, 1), cut.flip(3), cut)


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    loss = correct = 0
    for i in range(0, len(x), 500):
        scores = model(x[i : i + 500])
        loss += functional.cross_entropy(scores, y[i : i + 500], reduction="sum").item()
        correct += (scores.argmax(1) == y[i : i + 500]).sum().item()
    model.train()
    return loss / len(x), correct / len(x)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("data")
    for name, default in ("lr", 0.1), ("momentum", 0.9), ("weight-decay", 5e-4), ("epochs", 5), ("warmup", 0), ("batch", 128), ("seed", 1), ("threads", 2):
        p.add_argument("--" + name, type=type(default), default=default)
    p.add_argument("--weights")
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    arrays = numpy.load(o.data)
    x, y, x_test, y_test = (torch.from_numpy(arrays[k]) for k in ("x_train", "y_train", "x_test", "y_test"))
    black = x.amin(dim=(0, 2, 3))
    model, change = resnet20(), changed
    if o.weights:
        model, x, x_test, change = model.double(), x.double(), x_test.double(), lambda images, _: images
        for p, value in zip(model.parameters(), torch.load(o.weights).values(), strict=True):
            p.data.copy_(value)
    optimizer = torch.optim.SGD(model.parameters(), lr=o.lr, momentum=o.momentum, weight_decay=o.weight_decay)
    steps, step, start = o.epochs * math.ceil(len(x) / o.batch), 0, time.time()
    for epoch in range(o.epochs):
        total = 0
        for chosen in torch.randperm(len(x)).split(o.batch):
            rate = (1 + math.cos(math.pi * max(0, step - o.warmup) / (steps - o.warmup))) / 2
            for group in optimizer.param_groups:
                group["lr"] = o.lr * (rate if step >= o.warmup else (step + 1) / o.warmup)
            loss = functional.cross_entropy(model(change(x[chosen], black)), y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
            step += 1
        print(json.dumps({"epoch": epoch + 1, "loss": total / len(x), "seconds": time.time() - start}), flush=True)
    seconds = time.time() - start
    train, test = evaluate(model, x, y), evaluate(model, x_test, y_test)
    print(json.dumps({"seed": o.seed, "train_loss": train[0], "train_accuracy": train[1], "test_loss": test[0], "test_accuracy": test[1], "seconds": seconds}))


if __name__ == "__main__":
    main()
