// A stand-in for libcublasLt, which libcublas needs. CUBLAS_MAJOR is the version.
#include <stddef.h>

extern "C" __attribute__((visibility("default"))) size_t cublasLtGetVersion() { return CUBLAS_MAJOR * 10000; }
