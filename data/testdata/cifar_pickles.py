"""Writes two images as CIFAR's files for Python, as Python 3 and NumPy 2 pickle them: cifar-protocolN.pickle beside this file.

Pixels of image i are all 5·i, its label is 3 for the first and 9 for the second. Where keys are bytes they are those that
pickle.load(file, encoding="bytes") gives for CIFAR's own files."""
import os
import pickle

import numpy as np

pixels = np.repeat(np.array([[0], [5]], dtype=np.uint8), 3072, axis=1)
here = os.path.dirname(os.path.abspath(__file__))
for name, protocol, key in [("2-bytes", 2, str.encode), ("2", 2, str), ("4", 4, str), ("5", 5, str), ("5-bytes", 5, str.encode)]:
    batch = {key("batch_label"): key("training batch 1 of 5"), key("labels"): [3, 9], key("fine_labels"): [3, 9], key("data"): pixels}
    with open(os.path.join(here, f"cifar-protocol{name}.pickle"), "wb") as f:
        pickle.dump(batch, f, protocol=protocol)
