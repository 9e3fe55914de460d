"""Hugging Face directories for the peers that cannot read GGUF well."""
import subprocess
import sys

import side_by_side as bench


def hf_directory(args, model):
    """The Hugging Face directory of a catalogue model, made from its GGUF file in the build folder."""
    name = bench.source_of(model)
    out = args.build / "hf" / {"smollm2-135m-instruct": "smollm2"}.get(name, name)
    subprocess.run([sys.executable, bench.ROOT / "tests" / "peers" / "make_hf_directory.py", name, out], check=True)
    return out
