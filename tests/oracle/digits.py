"""Packs scikit-learn's copy of the UCI optical digits into static/data/digits.bin.

    pip install scikit-learn==1.9.* && python tests/oracle/digits.py

The file is one zlib stream of 1,797 x 64 pixels (u8, 0 to 16, row after row) and then 1,797 labels (u8), in
scikit-learn's order. Whole bytes deflate to 2 KB less than five bits a pixel do. The script prints the figures that
the tests of crates/kit/src/data/digits.rs hold.
"""

import pathlib
import zlib

import numpy
import sklearn
from sklearn.datasets import load_digits

digits = load_digits()
pixels = digits.data.astype(numpy.uint8)
labels = digits.target.astype(numpy.uint8)
assert pixels.shape == (1797, 64) and (pixels == digits.data).all()

path = pathlib.Path(__file__).parents[2] / "static/data/digits.bin"
path.write_bytes(zlib.compress(pixels.tobytes() + labels.tobytes(), 9))

print("scikit-learn", sklearn.__version__)
print(path.stat().st_size, "bytes")
print("class counts", numpy.bincount(labels).tolist())
print("sum of all pixels", int(pixels.sum(dtype=numpy.int64)))
for row in (0, 1, 1000, 1796):
    print(f"row {row}: label {labels[row]}, sum {int(pixels[row].sum())}")
print("row 0, line 1", pixels[0, 8:16].tolist())
