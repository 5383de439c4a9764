"""The sentence model: found on the disk, loaded once per process, on one thread. It never reaches for the network."""

from __future__ import annotations

import functools
import importlib.util
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Encode = Callable[[Sequence[str]], Any]
"""Texts to rows of numbers."""
_BATCH = 32


class Missing(Exception):
    """There is no usable model; the text says what to do."""


def folder(model: str) -> Path | None:
    """Where the model's files are: a folder of that name, or the model hub's own cache. None = not on this machine."""
    given = Path(model).expanduser()
    if given.is_dir():
        return given if _whole(given) else None
    env = os.environ
    base = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    hub = Path(env.get("HF_HUB_CACHE") or Path(env.get("HF_HOME") or base) / "hub")
    snapshots = hub / f"models--{model.replace('/', '--')}" / "snapshots"
    found = [each for each in snapshots.glob("*") if _whole(each)] if snapshots.is_dir() else []
    return max(found, key=lambda each: each.stat().st_mtime, default=None)


@functools.lru_cache(maxsize=2)
def load(model: str) -> Encode:
    """Raises Missing when it cannot be loaded. What is not on this machine is told without importing anything large."""
    if importlib.util.find_spec("sentence_transformers") is None:
        raise Missing("the sentence model is not installed (bin/setup --semantic)")
    where = folder(model)
    if where is None:
        raise Missing(f"the sentence model {model} is not on this machine (bin/setup --semantic)")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import torch
            from safetensors import SafetensorError
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging
        except ImportError as why:
            raise Missing(f"the sentence model cannot be loaded: {why}") from why
        torch.set_num_threads(1)
        logging.disable_progress_bar()
        try:
            loaded = SentenceTransformer(str(where), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as why:
            raise Missing(f"the sentence model {model} cannot be loaded: {str(why)[:200]}") from why

    def encode(texts: Sequence[str]) -> Any:
        return loaded.encode(
            list(texts), batch_size=_BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )

    return encode


def _whole(where: Path) -> bool:
    return (where / "modules.json").exists() and (where / "config.json").exists()
