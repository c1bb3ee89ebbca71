"""Sentences in, vectors out: small transformers in int8, run by ONNX Runtime on the CPU."""
