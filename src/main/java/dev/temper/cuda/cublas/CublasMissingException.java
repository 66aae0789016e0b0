package dev.temper.cuda.cublas;

import dev.temper.cuda.toolkit.LibraryPlaces.Attempt;
import java.util.List;

/** cuBLAS is not found; the message holds what to install, and every place tried with the loader's reason. */
public final class CublasMissingException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  CublasMissingException(List<Attempt> attempts) {
    super("no cuBLAS (NVIDIA's matrix products, which a linear head needs on CUDA); install libcublas of a CUDA toolkit "
        + "of version 12 or 13, or set CUDA_HOME or -D" + CublasSearch.LIBRARY_PROPERTY
        + "=/path/to/libcublas.so.12; " + Attempt.list(attempts));
  }
}
