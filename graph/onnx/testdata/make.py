# Writes small networks as ONNX files and what they compute: in float32 by onnxruntime, and in float64 by onnx's reference evaluator, with weights
# and constants as the file has them, rounded to float32. PyTorch's own results in float64 differ from these by such roundings only.
# Made with PyTorch 2.6, onnx 1.17 and onnxruntime 1.21:  python3 make.py
import json
import math

import numpy as np
import onnx
from onnx import numpy_helper, reference  # before onnxruntime, which brings operators of its own
import onnxruntime
import torch
from torch import nn
import torch.nn.functional as F

EVAL, PRESERVE = torch.onnx.TrainingMode.EVAL, torch.onnx.TrainingMode.PRESERVE


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1, self.relu = nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1, self.layer2 = Block(4, 4, 1), Block(4, 6, 2)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 3)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.fc(torch.flatten(self.avgpool(self.layer2(self.layer1(x))), 1))


class Encoder(nn.Module):  # PyTorch's own layers, on tokens
    def __init__(self):
        super().__init__()
        self.embed, self.place = nn.Embedding(11, 8), nn.Parameter(torch.randn(1, 7, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.1, activation="gelu", batch_first=True, norm_first=True)
        self.encoder, self.norm, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.LayerNorm(8), nn.Linear(8, 4)

    def forward(self, ids):
        x = self.encoder(self.embed(ids) + self.place[:, : ids.shape[1]])
        return self.head(self.norm(x).mean(1))


class ViT(nn.Module):  # as timm writes it
    def __init__(self):
        super().__init__()
        self.patch, self.cls, self.pos = nn.Conv2d(2, 8, 2, 2), nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 10, 8))
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.qkv, self.proj, self.fc1, self.fc2 = nn.Linear(8, 24), nn.Linear(8, 8), nn.Linear(8, 12), nn.Linear(12, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        n, t, e = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, 2, e // 2).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, e)
        x = x + self.proj(y)
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x)), approximate="tanh"))
        return self.head(x[:, 0])


class Language(nn.Module):  # causal, with a head tied to the table
    def __init__(self):
        super().__init__()
        self.embed, self.attend, self.norm = nn.Embedding(9, 8), nn.Linear(8, 24), nn.LayerNorm(8)
        self.register_buffer("mask", torch.triu(torch.full((6, 6), -math.inf), 1), persistent=False)

    def forward(self, ids):
        x = self.embed(ids)
        q, k, v = self.attend(x).chunk(3, -1)
        w = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(8) + self.mask, -1)
        return self.norm(x + w @ v) @ self.embed.weight.T


class Assorted(nn.Module):  # operators that the others have not
    def __init__(self):
        super().__init__()
        self.w, self.s = nn.Parameter(torch.randn(4, 6)), nn.Parameter(torch.rand(3) + 0.5)
        self.conv, self.prelu, self.group = nn.Conv1d(3, 4, 3, 2, 1), nn.PReLU(4), nn.GroupNorm(2, 4)
        self.instance = nn.InstanceNorm1d(4, affine=True)

    def forward(self, x):  # [n, 3, 8]
        a, b = x.split([5, 3], 2)
        y = torch.where(x > 0.2, x.clamp(-1, 0.7), F.elu(x)) * self.s.view(1, 3, 1) ** 1.5
        y = self.instance(self.group(self.prelu(self.conv(y))))
        z = torch.cat([a[:, :, ::2].mean(2), b.amax(2), F.hardswish(b[:, 0]) ** 2, torch.log(1 + b[:, 1].abs())], 1)
        z = F.pad(torch.sin(z), (1, 2))
        y = y.flatten(1)[:, 3:9] @ self.w.T + F.logsigmoid(z[:, :4]) - z.norm(dim=1, keepdim=True)
        return F.log_softmax(y, 1)


def cnn():
    return nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.LeakyReLU(0.1), nn.MaxPool2d(2),
                         nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.Conv2d(3, 4, 2), nn.SiLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3))


def depthwise():
    return nn.Sequential(nn.Conv2d(2, 4, 3, 2, 1), nn.ReLU6(), nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Hardswish(), nn.Conv2d(4, 6, 1),
                         nn.Conv2d(6, 4, 3, padding=2, dilation=2, groups=2, bias=False), nn.Sigmoid(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


def widened(model):
    wide = onnx.ModelProto.FromString(model.SerializeToString())
    double = lambda t: t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(np.float64), t.name)) if t.data_type == 1 else None
    for t in wide.graph.initializer:
        double(t)
    for v in list(wide.graph.input) + list(wide.graph.output):
        if v.type.tensor_type.elem_type == 1:
            v.type.tensor_type.elem_type = 11
    for n in wide.graph.node:
        for a in n.attribute:
            double(a.t)
            if n.op_type == "Cast" and a.i == 1:
                a.i = 11
    del wide.graph.value_info[:]
    return reference.ReferenceEvaluator(wide)


def make(name, net, x, training=EVAL):
    generator = torch.Generator().manual_seed(7)
    for m in net.modules():  # statistics that are not those of a new network
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.copy_(torch.randn(m.num_features, generator=generator) * 0.3)
            m.running_var.copy_(torch.rand(m.num_features, generator=generator) + 0.5)
            m.weight.data.copy_(torch.rand(m.num_features, generator=generator) + 0.5)
            m.bias.data.copy_(torch.randn(m.num_features, generator=generator) * 0.2)
    net.eval()
    file = name + ".onnx"
    torch.onnx.export(net, (x,), file, opset_version=17, training=training, dynamo=False, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})
    model = onnx.load(file)
    for n in model.graph.node:
        n.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, file)
    single = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x.numpy()})[0]
    wide = x.double() if x.is_floating_point() else x
    double = widened(model).run(None, {"x": wide.numpy()})[0]
    assert double.dtype == np.float64
    with torch.no_grad():
        torch.testing.assert_close(torch.tensor(double), net.double()(wide), rtol=1e-7, atol=1e-7)
    with open(name + ".json", "w") as f:
        json.dump({"shape": list(x.shape), "x": x.flatten().tolist(), "single": np.float64(single).flatten().tolist(), "double": double.flatten().tolist()}, f)


if __name__ == "__main__":
    torch.manual_seed(1)
    make("mlp", nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), torch.randn(5, 6))
    make("cnn", cnn(), torch.randn(5, 1, 8, 8))
    make("resnet", ResNet(), torch.randn(5, 3, 16, 16), PRESERVE)
    make("encoder", Encoder(), torch.randint(0, 11, (5, 7)))
    make("vit", ViT(), torch.randn(5, 2, 6, 6))
    make("language", Language(), torch.randint(0, 9, (5, 6)))
    make("assorted", Assorted(), torch.randn(5, 3, 8))
    make("depthwise", depthwise(), torch.randn(5, 2, 8, 8))
