package dev.temper.cuda.cublas;

/**
 * The functions of cuBLAS that this library calls, on raw handles. Each returns a {@code cublasStatus_t}. A handle
 * works in the context that was current when it was created.
 */
interface CublasFunctions {

  /** {@code CUBLAS_STATUS_SUCCESS}. */
  int SUCCESS = 0;

  /** The binding to the library, such as {@code JCublas}. */
  String binding();

  /** Creates a handle and stores it in the first element. */
  int create(long[] handle);

  int destroy(long handle);

  /** Sets the stream, and replaces the workspace of the handle by cuBLAS's own. */
  int setStream(long handle, long stream);

  int setWorkspace(long handle, long address, long bytes);

  int setMathMode(long handle, int mode);

  /** Sets where the handle's products read alpha and beta: a {@code cublasPointerMode_t}. */
  int setPointerMode(long handle, int mode);

  /** Submits a product. The handle has the pointer mode of its scalars. */
  int multiply(long handle, Gemm gemm);

  /** Name of a status, such as {@code CUBLAS_STATUS_ALLOC_FAILED}. */
  String statusName(int status);
}
