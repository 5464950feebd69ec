# Runs the networks that drift writes by onnxruntime and records the outputs, with the files' checksums, for layers_test.go.
# go test ./graph/onnx -run TestONNXRuntimeAgreesOnLayers -written FOLDER; python3 written.py FOLDER > written.json
# Made with onnx 1.17 and onnxruntime 1.21.
import glob
import hashlib
import json
import os
import sys

import numpy as np
import onnx
import onnx.checker
import onnxruntime

recorded = {}
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
    onnx.checker.check_model(path, full_check=True)
    with open(path, "rb") as f:
        raw = f.read()
    with open(path[: -len("onnx")] + "json") as f:
        example = json.load(f)
    session = onnxruntime.InferenceSession(raw, providers=["CPUExecutionProvider"])
    x = session.get_inputs()[0]
    data = np.array(example["X"], "int64" if "int64" in x.type else "float32").reshape(example["Shape"])
    outputs = session.run(None, {x.name: data})[0]
    one = session.run(None, {x.name: data[1:2]})[0]  # the batch is open
    assert np.allclose(one[0], outputs[1], 1e-4, 1e-5), path
    name = os.path.basename(path)[: -len(".onnx")]
    recorded[name] = {"SHA256": hashlib.sha256(raw).hexdigest(), "Outputs": [float("%.9g" % v) for v in outputs.ravel()]}
json.dump(recorded, sys.stdout, indent=0)
