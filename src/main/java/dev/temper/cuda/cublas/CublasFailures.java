package dev.temper.cuda.cublas;

import dev.temper.DeviceException;

/** Remedies for the statuses of cuBLAS. */
final class CublasFailures {

  /** {@code CUBLAS_STATUS_ALLOC_FAILED}. */
  private static final int ALLOC_FAILED = 3;

  private CublasFailures() {}

  /**
   * Returns the exception for a failed call.
   *
   * @param library version and binding
   */
  static DeviceException of(String call, int status, String name, String library) {
    return status == ALLOC_FAILED ? DeviceException.outOfMemory(call, status, name, remedy(status, library))
        : new DeviceException(call, status, name, remedy(status, library));
  }

  /** Returns what a user can do about a status, which is a {@code cublasStatus_t}. */
  private static String remedy(int status, String library) {
    return switch (status) {
      case 1 -> library + " does not start on this driver; update the driver, or install the cuBLAS of its CUDA "
          + "version";
      case ALLOC_FAILED -> "free memory of the device, or give the head a smaller workspace";
      case 8, 15 -> library + " does not support this product on this device; install a newer cuBLAS";
      case 11, 13 -> "a kernel of this launch or an earlier one failed; start the process "
          + "again, under compute-sanitizer to find the error";
      default -> "report it with temper doctor's output";
    };
  }
}
