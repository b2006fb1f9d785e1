#!/usr/bin/env bash
# Builds the model with TensorRT on this machine's GPU, finds it again, compares it with ONNX Runtime and times it, in 13
# minutes at most, and writes a verdict to attach to a report: scripts/verify_tensorrt.sh [NEW FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
[ -x "$python" ] || python=python3
exec timeout --signal=INT --kill-after=20 780 "$python" -m echopilot_lab.models.tensorrt_verdict "$@"
