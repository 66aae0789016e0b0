package dev.temper.cuda.nvrtc;

import dev.temper.kernel.spec.Specialisation;

/** Compiles kernels for a device. */
public interface KernelBinaries {

  /** The compiler and its version, such as {@code NVRTC 12.9}. */
  String describe();

  /** The code of a kernel, which may come from a cache. */
  CompiledKernel compile(Specialisation kernel);

  /** The code of a kernel, compiled again because the driver rejected the cached code. */
  CompiledKernel rebuild(Specialisation kernel);
}
