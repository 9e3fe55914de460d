#!/usr/bin/env python3
"""Makes the Hugging Face directory of a catalogue model from its GGUF file, unless it is there and newer than what it is made from.
usage: make_hf_directory.py MODEL OUT_DIR      needs torch and tests/requirements.txt"""
import os
import pathlib
import shutil
import subprocess
import sys


def gguf_file(model):
    folder = pathlib.Path(os.environ.get("AVP_MODELS") or pathlib.Path.home() / ".cache" / "avp" / "models")
    path = folder / f"{model}.gguf"
    if not path.exists():
        sys.exit(f"this needs {path}; fetch it with `avp-model fetch {model}`, or set AVP_MODELS to the folder that has it")
    return path


def make_hf_directory(model, out):
    source, converter = gguf_file(model), pathlib.Path(__file__).with_name("gguf_to_hf.py")
    if out.exists() and out.stat().st_mtime > max(source.stat().st_mtime, converter.stat().st_mtime):
        return
    # Made beside its place and renamed, so that a conversion that was cut short is never taken for a whole one.
    unfinished = out.with_name(out.name + ".unfinished")
    for old in (out, unfinished):
        shutil.rmtree(old, ignore_errors=True)
    unfinished.mkdir(parents=True)
    subprocess.run([sys.executable, converter, source, unfinished], check=True,
                   env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TQDM_DISABLE": "1"})
    unfinished.rename(out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        make_hf_directory(sys.argv[1], pathlib.Path(sys.argv[2]))
    except subprocess.CalledProcessError as error:
        sys.exit(f"the conversion failed with status {error.returncode}; its own messages stand above. It needs torch and "
                 f"what {pathlib.Path(__file__).parents[1] / 'requirements.txt'} names, in {sys.executable}")
