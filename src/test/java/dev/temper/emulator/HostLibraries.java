package dev.temper.emulator;

import dev.temper.kernel.spec.Specialisation;

/** Libraries of kernels that the emulator compiles, for tests that load them in other ways. */
public final class HostLibraries {

  private HostLibraries() {}

  /** The shared library of a kernel; the runtime that it needs stays loaded in this process. */
  public static byte[] of(Specialisation kernel) {
    HostKernels kernels = HostKernels.of(HostCompiler.find(System.getenv()), HostBuild.PLAIN);
    kernels.load(kernel);
    return kernels.library(kernel);
  }
}
