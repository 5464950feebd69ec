"""Makes the files beside it: python3 make.py FOLDER, with PyTorch 2.6. Every number follows from the seed."""

import sys
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

WIDTH, CLASSES = 2, 10


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.downsample = None
        if i != o:
            self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """The layout and the names of torchvision's, with few channels and a first layer for small images."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTH, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.relu = nn.ReLU()
        i = WIDTH
        for stage in range(4):
            o = WIDTH << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(Block(i, o, 1 + (stage > 0)), Block(o, o, 1)))
            i = o
        self.fc = nn.Linear(i, CLASSES)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


def resnet(folder):
    torch.manual_seed(1)
    x, y = torch.randn(64, 3, 8, 8), torch.randint(CLASSES, (64,))
    x += y[:, None, None, None] / 5
    net = ResNet18().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9)
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    state = OrderedDict(("module." + k, v) for k, v in net.state_dict().items())
    torch.save({"epoch": 30, "state_dict": state, "optimizer": optimizer.state_dict()}, folder + "/resnet.pth")

    x, y, net = x[:6].double(), y[:6], net.double().eval()
    np.savez(folder + "/resnet.npz", x=x.numpy(), y=y.numpy())
    params = list(net.parameters())
    size = sum(p.numel() for p in params)
    v = torch.sin(torch.arange(size, dtype=torch.float64))
    flat = lambda g: torch.cat([t.reshape(-1) for t in g])
    outputs = net(x)
    losses = nn.functional.cross_entropy(outputs, y, reduction="none")
    g = torch.stack([flat(torch.autograd.grad(l, params, create_graph=True)) for l in losses])
    r = g - g.mean(0)
    trace = (r**2).sum() / (len(x) - 1)
    expected = {
        "outputs": outputs,
        "loss": losses.mean(),
        "grad": g.mean(0),
        "tr_sigma": trace,
        "grad_tr_sigma": flat(torch.autograd.grad(trace, params, retain_graph=True)),
        "hvp": flat(torch.autograd.grad(g.mean(0) @ v, params, retain_graph=True)),
        "sigma_vp": r.T @ (r @ v) / (len(x) - 1),
    }
    torch.save({k: t.detach() for k, t in expected.items()}, folder + "/resnet_expected.pt")


def assorted(folder):
    """One tensor of each kind: element k of every tensor of six is k in row-major order."""
    six = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    long = torch.arange(20, dtype=torch.float32)
    tied = six.clone()
    torch.save(
        {
            "float64": six.double(),
            "float32": six,
            "float16": six.half(),
            "bfloat16": six.bfloat16(),
            "transposed": six.t().contiguous().t(),
            "behind": (long - 8)[8:14].reshape(2, 3),
            "spaced": (long / 3)[0:18:3].reshape(2, 3),
            "repeated": torch.zeros(1).expand(2, 3),
            "channels_last": torch.arange(48.0).reshape(2, 3, 2, 4).to(memory_format=torch.channels_last),
            "parameter": nn.Parameter(six.clone()),
            "tied": tied,
            "tied_too": tied,
            "scalar": torch.tensor(7),
            "empty": torch.zeros(0, 3),
            "epoch": 3,
            "note": "written by make.py",
        },
        folder + "/assorted.pt",
    )
    torch.save(nn.Sequential(nn.Linear(2, 2)), folder + "/module.pt")
    torch.save({"0.weight": six}, folder + "/legacy.pt", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    resnet(sys.argv[1])
    assorted(sys.argv[1])
