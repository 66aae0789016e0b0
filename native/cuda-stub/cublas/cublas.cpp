// A stand-in for cuBLAS on the stand-in for the driver. Products are plain loops with f32 accumulation, and run in
// stream order. It has only the functions that the CUDA engine calls. CUBLAS_MAJOR is the version.
//
// The stand-in is stricter than cuBLAS, so that mistakes show:
//   - A handle works only in the context in which it was created.
//   - A product needs a workspace of its own, which cublasSetStream takes away, as in cuBLAS.
//   - Every product overwrites the workspace, so that other data in the same memory becomes NaN.
//   - The device must be able to access every element, at the call and when the product runs.
//   - In the pointer mode of the device, alpha and beta must lie in memory of the device. A product reads them when it
//     runs, as in cuBLAS.
//
// Environment variables, which are read at each use:
//   CUBLAS_STUB_CREATE_STATUS  status of cublasCreate, default 0
//   CUBLAS_STUB_STATUS         status of cublasGemmEx, default 0
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>

#include "matrix.h"

#define STUB_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// Values of cublasStatus_t.
enum Status {
  kSuccess = 0,
  kNotInitialized = 1,
  kInvalidValue = 7,
  kExecutionFailed = 13,
  kInternalError = 14,
  kNotSupported = 15
};

// Values of cublasPointerMode_t.
constexpr int kPointersOfHost = 0, kPointersOfDevice = 1;

constexpr int kComputeF32 = 68, kComputeTf32 = 77;  // values of cublasComputeType_t

constexpr uintptr_t kWorkspaceAlignment = 256;
constexpr size_t kOverwritten = 4096;  // bytes at each end of the workspace that a product overwrites

// The functions that the stand-in for the driver has for this library.
struct Driver {
  int (*submit)(void* stream, const std::function<int()>& work) = nullptr;
  bool (*reaches)(uintptr_t address, size_t bytes) = nullptr;
  const void* (*context)() = nullptr;
  void (*hold)(long count) = nullptr;
};

struct Handle {
  const void* context;
  void* stream = nullptr;
  uintptr_t workspace = 0;
  size_t workspace_bytes = 0;
  int pointer_mode = kPointersOfHost;
};

std::mutex handles_lock;
std::set<Handle*> handles;

void report(const char* message) { fprintf(stderr, "libcublas stub: %s\n", message); }

int number(const char* variable) {
  const char* text = getenv(variable);
  return text == nullptr ? 0 : atoi(text);
}

template <class F> void bind(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
}

// The driver of the process. Its functions are null if it is not the stand-in.
const Driver& driver() {
  static const Driver bound = [] {
    Driver driver;
    void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) return driver;
    bind(library, "cuda_stub_submit", driver.submit);
    bind(library, "cuda_stub_reaches", driver.reaches);
    bind(library, "cuda_stub_context", driver.context);
    bind(library, "cuda_stub_hold", driver.hold);
    return driver;
  }();
  return bound;
}

// Calls a function with a valid handle in the handle's context.
Status with(Handle* handle, const std::function<Status()>& call) {
  std::lock_guard<std::mutex> guard(handles_lock);
  if (handles.count(handle) == 0) return kNotInitialized;
  if (driver().context() == handle->context) return call();
  report("the handle belongs to another context");
  return kInvalidValue;
}

bool fits(const Matrix& matrix) {
  return matrix.leading >= std::max(1, matrix.rows) && matrix.address % matrix.width() == 0 &&
         (matrix.type == kF32 || matrix.type == kF16 || matrix.type == kBf16);
}

bool reaches(const Matrix& matrix) {
  return matrix.rows == 0 || matrix.columns == 0 || driver().reaches(matrix.address, matrix.bytes());
}

bool reaches(const float* scalar) {
  return driver().reaches(reinterpret_cast<uintptr_t>(scalar), sizeof(float));
}

}  // namespace

// libcublasLt is loaded with libcublas, as the real library is.
extern "C" size_t cublasLtGetVersion();

STUB_EXPORT int cublasGetProperty(int which, int* value) {
  *value = which == 0 ? CUBLAS_MAJOR : which == 1 ? 0 : static_cast<int>(cublasLtGetVersion() % 100);
  return kSuccess;
}

STUB_EXPORT const char* cublasGetStatusString(int status) {
  switch (status) {
    case kSuccess: return "CUBLAS_STATUS_SUCCESS";
    case kNotInitialized: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case 3: return "CUBLAS_STATUS_ALLOC_FAILED";
    case kInvalidValue: return "CUBLAS_STATUS_INVALID_VALUE";
    case kExecutionFailed: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case kInternalError: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case kNotSupported: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "unknown";
  }
}

STUB_EXPORT int cublasCreate_v2(Handle** handle) {
  if (int status = number("CUBLAS_STUB_CREATE_STATUS")) return status;
  if (driver().submit == nullptr || driver().context() == nullptr) return kNotInitialized;
  std::lock_guard<std::mutex> guard(handles_lock);
  *handle = new Handle{driver().context()};
  handles.insert(*handle);
  driver().hold(1);
  return kSuccess;
}

STUB_EXPORT int cublasDestroy_v2(Handle* handle) {
  return with(handle, [&] {
    handles.erase(handle);
    delete handle;
    driver().hold(-1);
    return kSuccess;
  });
}

STUB_EXPORT int cublasSetStream_v2(Handle* handle, void* stream) {
  return with(handle, [&] {
    handle->stream = stream;
    handle->workspace = handle->workspace_bytes = 0;
    return kSuccess;
  });
}

STUB_EXPORT int cublasSetWorkspace_v2(Handle* handle, uintptr_t address, size_t bytes) {
  return with(handle, [&] {
    if (address % kWorkspaceAlignment != 0 || bytes < 2 * kOverwritten || !driver().reaches(address, bytes))
      return kInvalidValue;
    handle->workspace = address;
    handle->workspace_bytes = bytes;
    return kSuccess;
  });
}

// Sums must stay in f32 (CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION). TF32 is a compute type of products.
STUB_EXPORT int cublasSetMathMode(Handle* handle, int mode) {
  return with(handle, [&] { return mode == 16 ? kSuccess : kNotSupported; });
}

STUB_EXPORT int cublasSetPointerMode_v2(Handle* handle, int mode) {
  return with(handle, [&] {
    if (mode != kPointersOfHost && mode != kPointersOfDevice) return kInvalidValue;
    handle->pointer_mode = mode;
    return kSuccess;
  });
}

STUB_EXPORT int cublasGemmEx(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha,
                             uintptr_t a, int a_type, int lda, uintptr_t b, int b_type, int ldb, const float* beta,
                             uintptr_t c, int c_type, int ldc, int compute_type, int algorithm) {
  if (int status = number("CUBLAS_STUB_STATUS")) return status;
  return with(handle, [&] {
    if (handle->workspace == 0) {
      report("cublasGemmEx was called without a workspace");
      return kInternalError;
    }
    if (m < 0 || n < 0 || k < 0) return kInvalidValue;
    bool ta = transpose_a == 1, tb = transpose_b == 1;
    Matrix left{a, a_type, ta ? k : m, ta ? m : k, lda, ta}, right{b, b_type, tb ? n : k, tb ? k : n, ldb, tb};
    Matrix result{c, c_type, m, n, ldc, false};
    if (!fits(left) || !fits(right) || !fits(result)) return kInvalidValue;
    bool rounded = compute_type == kComputeTf32 && a_type == kF32;
    bool computes = compute_type == kComputeF32 || rounded;
    if (!computes || algorithm != -1 || a_type != b_type || (c_type != kF32 && c_type != a_type))
      return kNotSupported;
    bool on_device = handle->pointer_mode == kPointersOfDevice;
    // In the pointer mode of the host, the caller may change the scalars after the return.
    float scales[] = {on_device ? 0 : *alpha, on_device ? 0 : *beta};
    uintptr_t workspace = handle->workspace;
    size_t bytes = handle->workspace_bytes;
    auto reachable = [=] {
      return reaches(left) && reaches(right) && reaches(result) && driver().reaches(workspace, bytes) &&
             (!on_device || (reaches(alpha) && reaches(beta)));
    };
    if (!reachable()) {
      report("a matrix, a scalar or the workspace is not memory of the device");
      return kExecutionFailed;
    }
    int submitted = driver().submit(handle->stream, [=] {
      if (!reachable()) {
        report("a matrix, a scalar or the workspace was freed before the product ran");
        return 700;  // CUDA_ERROR_ILLEGAL_ADDRESS
      }
      memset(reinterpret_cast<void*>(workspace), 0xff, kOverwritten);
      memset(reinterpret_cast<void*>(workspace + bytes - kOverwritten), 0xff, kOverwritten);
      multiply(on_device ? *alpha : scales[0], left, right, on_device ? *beta : scales[1], result, k, rounded);
      return 0;
    });
    return submitted == 0 ? kSuccess : kExecutionFailed;
  });
}
