"""Fetches the configured sentence model once, for `bin/setup --semantic`; the program itself never does.

`python -m orchestrator.embedding ROOT`. Only safetensors are fetched: other forms of weights can carry code.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import yaml

from orchestrator.embedding import sentences
from orchestrator.model.settings import Settings

NOT_FETCHED = ["*.bin", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.pt", "*.pkl", "onnx/*", "openvino/*", "*.py"]


def configured(root: Path) -> str:
    """The configured model's name; the default where there is no configuration yet."""
    file = Path(os.environ.get("AGENT_OS_CONFIG") or root / "config.yaml")
    try:
        tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        tree = None
    named = tree.get("similarity_model") if isinstance(tree, dict) else None
    return named if isinstance(named, str) and named else Settings.similarity_model


def main(root: Path) -> int:
    model = configured(root)
    if sentences.folder(model) is None:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        sys.stderr.write(f"setup: fetching the sentence model {model}\n")
        try:
            snapshot_download(model, ignore_patterns=NOT_FETCHED)
        except (OSError, ValueError, HfHubHTTPError, HFValidationError) as why:
            sys.stderr.write(f"setup: {model}: {str(why)[:300]}\n")
            return 1
    return 0 if sentences.folder(model) is not None else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
