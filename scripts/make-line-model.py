#!/usr/bin/env python3
"""Makes src/ocr/line_model from the published PP-OCRv6 recognition model: the characters that stand on American papers alone, weights in 8 bits.

Needs: pip install onnx rapidocr==3.10.0 (whose package carries the model; nothing else is fetched).
Usage: scripts/make-line-model.py [MODEL.onnx]

The published model reads some 18,700 characters and takes 21 MB. Its last layer loses the rows of the others: the
characters that stay keep their order, and share what the others had. Weights of the larger layers are kept as 8-bit whole numbers with one factor for each output channel; the program turns them
back when it loads the model.
"""
import hashlib
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PUBLISHED = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
HERE = pathlib.Path(__file__).resolve().parent.parent / "src" / "ocr" / "line_model"
BEYOND_ASCII = "’–—§№°éñóáíúüöäèçàâêôÉÑÓÁÍÚÜÖÄÈÇ"
SMALLEST = 4096


def source() -> pathlib.Path:
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1])
    import rapidocr

    return pathlib.Path(rapidocr.__file__).parent / "models" / "PP-OCRv6_rec_small.onnx"


def alphabet(model, classes: int) -> list[str]:
    """Class 0 is "nothing here"; the last one is the space."""
    named = next(p.value for p in model.metadata_props if p.key == "character").split("\n")
    signs = ["", *named][:classes]
    return signs + [" "] * (classes - len(signs))


def main() -> None:
    path = source()
    if hashlib.sha256(path.read_bytes()).hexdigest() != PUBLISHED:
        sys.exit(f"error: {path} is not the published model PP-OCRv6_rec_small (its SHA-256 differs); install rapidocr 3.10.0")
    model = onnx.load(path)
    graph = model.graph
    tensors = {t.name: t for t in graph.initializer}

    # The last layer: features x classes.
    last = [n for n in graph.node if n.op_type == "MatMul"][-1]
    weight = numpy_helper.to_array(tensors[last.input[1]])
    bias_name = next(n for n in graph.node if n.op_type == "Add" and last.output[0] in n.input).input[1]
    signs = alphabet(model, weight.shape[1])
    keep, seen = [0], set()
    for index, sign in enumerate(signs):
        if len(sign) == 1 and sign not in seen and (32 <= ord(sign) < 127 or sign in BEYOND_ASCII):
            seen.add(sign)
            keep.append(index)
    # Of two classes for the space, the last one is the one that was trained.
    if signs[-1] == " ":
        keep = [i for i in keep if signs[i] != " "] + [len(signs) - 1]
    replace(graph, tensors, last.input[1], weight[:, keep])
    replace(graph, tensors, bias_name, numpy_helper.to_array(tensors[bias_name])[keep])
    graph.output[0].type.tensor_type.shape.dim[2].dim_value = len(keep)

    nodes = []
    for name, tensor in list(tensors.items()):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST or values.ndim < 2:
            continue
        # One factor for each output channel: the first axis of a convolution, the last of a product.
        axes = tuple(range(1, values.ndim)) if values.ndim == 4 else tuple(range(values.ndim - 1))
        factor = np.maximum(np.abs(values).max(axis=axes, keepdims=True), 1e-12) / 127
        whole = np.clip(np.round(values / factor), -127, 127).astype(np.int8)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(whole, f"{name}.whole"))
        graph.initializer.append(numpy_helper.from_array(factor.astype(np.float32), f"{name}.factor"))
        nodes.append(helper.make_node("Cast", [f"{name}.whole"], [f"{name}.cast"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}.cast", f"{name}.factor"], [name]))
    old = list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes + old)
    del model.metadata_props[:]
    # Shapes in between were worked out for the whole alphabet.
    del graph.value_info[:]
    onnx.checker.check_model(model)
    HERE.mkdir(exist_ok=True)
    (HERE / "lines.onnx").write_bytes(model.SerializeToString())
    (HERE / "characters.txt").write_text("".join(signs[i] for i in keep[1:]), encoding="utf-8")
    print(f"{HERE / 'lines.onnx'}: {(HERE / 'lines.onnx').stat().st_size} bytes, {len(keep) - 1} characters")


def replace(graph, tensors, name: str, values) -> None:
    graph.initializer.remove(tensors[name])
    tensors[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
    graph.initializer.append(tensors[name])


if __name__ == "__main__":
    main()
