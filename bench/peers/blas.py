"""Which BLAS a process computes its products with."""
import os
import re

REFERENCE = "reference BLAS"


def loaded(paths):
    """Name of the BLAS among the paths of loaded libraries, or "": a name says more than a link that leads to it."""
    for path in paths:
        name = os.path.basename(path)
        version = re.search(r"\d+(\.\d+)+", name[: name.find(".so")] if ".so" in name else name)
        suffix = " " + version.group() if version else ""
        if "openblas" in name:
            return "OpenBLAS" + suffix
        if "mkl_" in name:
            return "MKL"
        if name.startswith("libblis"):
            return "BLIS"
        if name.startswith("libatlas") or name.startswith("libsatlas") or name.startswith("libtatlas"):
            return "ATLAS"
    plain = [path for path in paths if re.match(r"lib(c|f)?blas(\.|-)", os.path.basename(path))]
    return REFERENCE if plain else ""


def mapped():
    """Paths of the libraries that this process has loaded; none where the system does not tell."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            lines = [line.split(maxsplit=5) for line in maps]
    except OSError:
        return []
    paths = {fields[5].strip() for fields in lines if len(fields) == 6}
    return sorted(path for path in paths if ".so" in path)
