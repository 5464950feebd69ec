"""Times matrix products in OpenBLAS. Needs nothing but Python.

Run with the path of libopenblas and the number of threads; protocol.py tells what is read and written. The operation is
gemm, C = op(A)·op(B) with "shape": [m, n, k], "dtype", "transA" and "transB". All matrices are dense and row-major.
"""
import ctypes
import os
import sys

from protocol import serve

for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # would choose kernels for another processor
    os.environ.pop(variable, None)
blas = ctypes.CDLL(sys.argv[1])
blas.openblas_set_num_threads(int(sys.argv[2]))
blas.openblas_get_config.restype = ctypes.c_char_p
ROW_MAJOR, NO_TRANS, TRANS = 101, 111, 112
TYPES = {"float32": (ctypes.c_float, blas.cblas_sgemm), "float64": (ctypes.c_double, blas.cblas_dgemm)}


def gemm(request):
    real, call = TYPES[request["dtype"]]
    trans_a, trans_b = request.get("transA", False), request.get("transB", False)
    m, n, k = request["shape"]
    a, b, c = ((real * size)(*([0.5] * size)) for size in (m * k, k * n, m * n))
    integer = ctypes.c_int

    def product(m_, n_, k_):
        args = (
            integer(ROW_MAJOR), integer(TRANS if trans_a else NO_TRANS), integer(TRANS if trans_b else NO_TRANS),
            integer(m_), integer(n_), integer(k_), real(1), a, integer(m if trans_a else k), b, integer(k if trans_b else n),
            real(0), c, integer(n),
        )
        return lambda: call(*args)

    return product(m, n, k), product(0, 0, 0)


name = blas.openblas_get_config().decode().split()
serve(" ".join(name[:2]), {"gemm": gemm})
