package dev.temper.emulator;

import dev.temper.kernel.spec.Specialisation;

/** What the emulator compiles, for tests that run it otherwise. */
public final class HostLibraries {

  private HostLibraries() {}

  /** The shared library of a kernel; what it needs is loaded in this process from then on. */
  public static byte[] of(Specialisation kernel) {
    HostKernels kernels = HostKernels.of(HostCompiler.find(System.getenv()), HostBuild.PLAIN);
    kernels.load(kernel);
    return kernels.library(kernel);
  }
}
