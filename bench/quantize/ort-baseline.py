"""ONNX Runtime's own static quantizer on the float models of shared/: the line that `lwc quantize` is measured against.

    python -m venv venv && venv/bin/pip install onnxruntime onnx numpy sympy
    venv/bin/python bench/quantize/ort-baseline.py ../shared work/ bench/quantize-onnxruntime.json [model ...]

Writes the quantized models (work/<model>.<method>.onnx), the calibration and test inputs as float32 .npy
(work/data/<set>_{calibrate,test}.npy, so that another quantizer sees the same values), the float outputs on the test
inputs (work/data/<model>_float_<output>.npy), and one JSON of results. Names of models after the paths: only those are
made anew, the others stay as they are in the JSON.

Settings: quant_pre_process, then quantize_static with QDQ, per_channel, int8 activations and weights, everything else at
its default; once for each calibration method. One thread, CPU.

Results are measured twice: "simulated" with every graph optimization off (float arithmetic between QuantizeLinear and
DequantizeLinear: what the QDQ model says) and "integer" with ONNX Runtime's integer kernels
(session.qdqisint8allowed, extended optimizations: what it runs on a PC).
"""

import json
import math
import platform
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
# The mean over samples of an SQNR needs an end, or samples that come out exactly decide it. 8 bits resolve some 50 dB.
SQNR_CEILING = 60.0


def nchw(images):
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32)


class Data:
    def __init__(self, folder):
        def load(name):
            return np.load(folder / name)

        def labels(name):
            return np.array(json.loads((folder / name).read_text())["labels"])

        self.train = load("cifar10_train200_u8_nhwc.npy")
        self.test = load("cifar10_test500_u8_nhwc.npy")
        self.test_labels = labels("cifar10_test500_labels.json")
        self.lines = load("textlines_cls100_u8_nhwc.npy")
        self.line_labels = labels("textlines_cls100_labels.json")
        self.keyword = (load("kws_ref_sample1_i8.npy").astype(np.float32) - 83) * np.float32(0.584703)

    def mosaics(self, images, count, height, width, seed):
        """Pictures of 32 x 32 tiles in a seeded order: real content at any size without resampling."""
        rng = np.random.default_rng(seed)
        rows, columns = -(-height // 32), width // 32
        pictures = []
        for _ in range(count):
            tiles = images[rng.choice(len(images), rows * columns, replace=False)]
            grid = tiles.reshape(rows, columns, 32, 32, 3).transpose(0, 2, 1, 3, 4)
            pictures.append(grid.reshape(rows * 32, columns * 32, 3)[:height])
        return np.stack(pictures)

    def keywords(self, count, seed):
        """The one recorded feature map, louder or softer, shifted in time, with noise: for SQNR only."""
        rng = np.random.default_rng(seed)
        base = self.keyword.reshape(49, 10)
        maps = [
            np.roll(base, rng.integers(49), axis=0) * rng.uniform(0.5, 1.2) + rng.normal(0, 4, base.shape)
            for _ in range(count)
        ]
        return np.stack(maps).astype(np.float32).reshape(count, 1, 49, 10)

    def set(self, name):
        """(what it is, calibration inputs, test inputs, test labels or None)"""
        mean = np.array([0.4914, 0.4822, 0.4465], np.float32)
        std = np.array([0.2470, 0.2435, 0.2616], np.float32)
        if name == "cifar_raw":
            what = "CIFAR-10 train 200 / test 500, pixels 0 .. 255"
            return what, nchw(self.train), nchw(self.test), self.test_labels
        if name == "cifar_normalized":
            what = "CIFAR-10 train 200 / test 500, (pixel / 255 - [0.4914,0.4822,0.4465]) / [0.2470,0.2435,0.2616]"

            def normal(images):
                return nchw((images.astype(np.float32) / np.float32(255) - mean) / std)

            return what, normal(self.train), normal(self.test), self.test_labels
        if name == "textlines":
            what = "text lines: the first 40 / the other 60, pixel / 127.5 - 1, channels in the order of the file"
            lines = nchw(self.lines.astype(np.float32) / np.float32(127.5) - np.float32(1))
            return what, lines[:40], lines[40:], self.line_labels[40:]
        if name == "mosaic96":
            what = "40 mosaics 96x96 of CIFAR-10 train / 60 of test (seeds 1, 2), pixel / 255"
            return (
                what,
                nchw(self.mosaics(self.train, 40, 96, 96, 1)) / np.float32(255),
                nchw(self.mosaics(self.test, 60, 96, 96, 2)) / np.float32(255),
                None,
            )
        if name == "mosaic320":
            what = "16 mosaics 320x240 of CIFAR-10 train / 16 of test (seeds 3, 4), (pixel - 127) / 128"

            def normal(images):
                return (nchw(images) - np.float32(127)) / np.float32(128)

            train, test = self.mosaics(self.train, 16, 240, 320, 3), self.mosaics(self.test, 16, 240, 320, 4)
            return what, normal(train), normal(test), None
        what = "40 / 60 variations of the recorded feature map: rolled, scaled, with noise (seeds 5, 6)"
        return what, self.keywords(40, 5), self.keywords(60, 6), None


MODELS = {
    "resnet8_f32": "cifar_raw",
    "ppocr_cls_mbv3_f32": "textlines",
    "cifar_mobilenetv3_f32": "cifar_normalized",
    "cifar_shufflenetv2_f32": "cifar_normalized",
    "cifar_ghostnet_f32": "cifar_normalized",
    "cifar_squeezenet_f32": "cifar_normalized",
    "kws_dscnn_f32": "keywords",
    "vww_96_f32": "mosaic96",
    "rfb320_f32": "mosaic320",
}


class Reader(CalibrationDataReader):
    def __init__(self, name, inputs):
        self.feeds = iter([{name: inputs[i : i + 1]} for i in range(len(inputs))])

    def get_next(self):
        return next(self.feeds, None)


def session(path, integer):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_EXTENDED if integer else level.ORT_DISABLE_ALL
    if integer:
        options.add_session_config_entry("session.qdqisint8allowed", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def outputs(path, inputs, integer):
    """One float64 array [samples, ...] for each output of the model."""
    run = session(path, integer)
    name = run.get_inputs()[0].name
    rows = [run.run(None, {name: inputs[i : i + 1]}) for i in range(len(inputs))]
    names = [output.name for output in run.get_outputs()]
    return {names[o]: np.stack([row[o][0] for row in rows]).astype(np.float64) for o in range(len(names))}


def sqnr(signal, noise):
    if noise == 0:
        return SQNR_CEILING
    return min(SQNR_CEILING, 10 * math.log10(signal / noise)) if signal > 0 else -SQNR_CEILING


def compare(reference, found, labels):
    """As compiler/quantize/metrics.ts: the SQNR of each sample, cut at the ceiling and averaged, and that of all values at once."""
    per_output, pooled = {}, {}
    for name, values in reference.items():
        axes = tuple(range(1, values.ndim))
        signal = (values**2).sum(axis=axes)
        noise = ((values - found[name]) ** 2).sum(axis=axes)
        per_output[name] = round(float(np.mean([sqnr(s, n) for s, n in zip(signal, noise)])), 3)
        pooled[name] = round(sqnr(signal.sum(), noise.sum()), 3)
    result = {"mean_sqnr_db": per_output, "pooled_sqnr_db": pooled}
    if len(reference) == 1:
        [a], [b] = reference.values(), found.values()
        best_a, best_b = a.reshape(len(a), -1).argmax(1), b.reshape(len(b), -1).argmax(1)
        result["agreement"] = round(float((best_a == best_b).mean()), 4)
        if labels is not None:
            result["top1"] = round(float((best_b == labels).mean()), 4)
    return result


def main():
    shared, work, target = (Path(argument) for argument in sys.argv[1:4])
    (work / "data").mkdir(parents=True, exist_ok=True)
    data = Data(shared / "data")
    models = json.loads(target.read_text())["models"] if target.exists() else {}
    for model in sys.argv[4:] or MODELS:
        set_name = MODELS[model]
        what, calibrate, test, labels = data.set(set_name)
        np.save(work / "data" / f"{set_name}_calibrate.npy", calibrate)
        np.save(work / "data" / f"{set_name}_test.npy", test)
        if labels is not None:
            (work / "data" / f"{set_name}_test_labels.json").write_text(json.dumps(labels.tolist()))
        source = shared / "models" / f"{model}.onnx"
        prepared = work / f"{model}.prepared.onnx"
        quant_pre_process(str(source), str(prepared))
        reference = outputs(source, test, False)
        for name, values in reference.items():
            np.save(work / "data" / f"{model}_float_{name.replace('/', '_')}.npy", values.astype(np.float32))
        entry = {
            "data": what,
            "set": set_name,
            "calibration_samples": len(calibrate),
            "test_samples": len(test),
            "float": compare(reference, reference, labels).get("top1"),
            "methods": {},
        }
        for method, calibration in METHODS.items():
            quantized = work / f"{model}.{method}.onnx"
            try:
                quantize_static(
                    str(prepared),
                    str(quantized),
                    Reader(onnx.load(source).graph.input[0].name, calibrate),
                    quant_format=QuantFormat.QDQ,
                    per_channel=True,
                    activation_type=QuantType.QInt8,
                    weight_type=QuantType.QInt8,
                    calibrate_method=calibration,
                )
                entry["methods"][method] = {
                    "simulated": compare(reference, outputs(quantized, test, False), labels),
                    "integer": compare(reference, outputs(quantized, test, True), labels),
                }
            except Exception as error:  # The tool's own failure on a model is a result too.
                entry["methods"][method] = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
            print(model, method, json.dumps(entry["methods"][method]), flush=True)
        models[model] = entry
    result = {
        "what": "onnxruntime.quantization.quantize_static, QDQ, per_channel, QInt8 activations and weights, defaults otherwise",
        "made_by": "bench/quantize/ort-baseline.py",
        "versions": {
            "python": platform.python_version(),
            "onnxruntime": onnxruntime.__version__,
            "onnx": onnx.__version__,
            "numpy": np.__version__,
            "machine": platform.machine(),
        },
        "models": {name: models[name] for name in MODELS if name in models},
    }
    target.write_text(json.dumps(result, indent=2) + "\n")


main()
