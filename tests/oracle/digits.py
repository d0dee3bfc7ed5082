"""Packs scikit-learn's copy of the UCI optical digits into static/data/digits.bin.

    pip install scikit-learn==1.9.* && python tests/oracle/digits.py

Of every one of 64 pixels the file has its 1,797 values (u8, 0 to 16), and then 1,797 labels (u8), in scikit-learn's
order. It is not packed: under the brotli of the whole program it is 8 KB smaller so than as a zlib stream, and 3 KB
smaller than image after image. The script prints the figures that the tests of crates/kit/src/data/digits.rs hold.
"""

import pathlib

import numpy
import sklearn
from sklearn.datasets import load_digits

digits = load_digits()
pixels = digits.data.astype(numpy.uint8)
labels = digits.target.astype(numpy.uint8)
assert pixels.shape == (1797, 64) and (pixels == digits.data).all()

path = pathlib.Path(__file__).parents[2] / "static/data/digits.bin"
path.write_bytes(pixels.T.tobytes() + labels.tobytes())

print("scikit-learn", sklearn.__version__)
print(path.stat().st_size, "bytes")
print("class counts", numpy.bincount(labels).tolist())
print("sum of all pixels", int(pixels.sum(dtype=numpy.int64)))
for row in (0, 1, 1000, 1796):
    print(f"row {row}: label {labels[row]}, sum {int(pixels[row].sum())}")
print("row 0, line 1", pixels[0, 8:16].tolist())
