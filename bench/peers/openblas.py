"""Times matrix products in OpenBLAS, for comparison with drift's.

Run with the path of libopenblas.so and the number of threads. Each line on standard input is one request,
"dtype transA transB m n k seconds": C = op(A)·op(B) is computed again and again for about so many seconds, and the
time of one product in seconds is printed. All matrices are dense and row-major. Needs nothing but Python.
"""
import ctypes
import os
import sys
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # would choose kernels for another processor
    os.environ.pop(name, None)
blas = ctypes.CDLL(sys.argv[1])
blas.openblas_set_num_threads(int(sys.argv[2]))
ROW_MAJOR, NO_TRANS, TRANS = 101, 111, 112
TYPES = {"float32": (ctypes.c_float, blas.cblas_sgemm), "float64": (ctypes.c_double, blas.cblas_dgemm)}
operands = {}


def product(dtype, trans_a, trans_b, m, n, k):
    real, gemm = TYPES[dtype]
    key = (dtype, m, n, k)
    if key not in operands:
        operands.clear()
        operands[key] = [(real * size)(*([0.5] * size)) for size in (m * k, k * n, m * n)]
    a, b, c = operands[key]
    integer = ctypes.c_int
    args = (
        integer(ROW_MAJOR), integer(TRANS if trans_a else NO_TRANS), integer(TRANS if trans_b else NO_TRANS),
        integer(m), integer(n), integer(k), real(1), a, integer(m if trans_a else k), b, integer(k if trans_b else n),
        real(0), c, integer(n),
    )
    return lambda: gemm(*args)


for line in sys.stdin:
    dtype, trans_a, trans_b, m, n, k, seconds = line.split()
    run = product(dtype, trans_a == "1", trans_b == "1", int(m), int(n), int(k))
    run()
    count, start = 0, time.perf_counter()
    while True:
        run()
        count += 1
        elapsed = time.perf_counter() - start
        if elapsed >= float(seconds):
            break
    print(elapsed / count, flush=True)
