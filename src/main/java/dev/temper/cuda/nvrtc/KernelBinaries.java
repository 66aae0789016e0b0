package dev.temper.cuda.nvrtc;

import dev.temper.kernel.spec.Specialisation;

/** Makes the code that a device's driver loads. */
public interface KernelBinaries {

  /** The compiler and its version, such as {@code NVRTC 12.9}. */
  String describe();

  /** Code for a kernel, from a cache where it is in one. */
  CompiledKernel compile(Specialisation kernel);

  /** Code made anew, because the driver did not take what was cached. */
  CompiledKernel rebuild(Specialisation kernel);
}
