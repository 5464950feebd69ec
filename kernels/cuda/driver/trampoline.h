#include <stddef.h>

// drift_open_driver opens and initialises the driver once. On failure it returns nonzero and writes why into reason.
int drift_open_driver(char *reason, size_t size);
