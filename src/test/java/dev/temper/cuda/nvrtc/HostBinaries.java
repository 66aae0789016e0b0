package dev.temper.cuda.nvrtc;

import dev.temper.emulator.HostLibraries;
import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.spec.Specialisation;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Code for the stub driver, compiled by the emulator. */
public final class HostBinaries implements KernelBinaries {

  private static final Target TARGET = Target.cubin(new Architecture(9, 0));

  private final List<Specialisation> rebuilt = new ArrayList<>();
  private final Function<Specialisation, byte[]> cached;
  private final Function<Specialisation, byte[]> anew;

  private HostBinaries(Function<Specialisation, byte[]> cached, Function<Specialisation, byte[]> anew) {
    this.cached = cached;
    this.anew = anew;
  }

  /** Returns correct code. */
  public static HostBinaries correct() {
    return new HostBinaries(HostLibraries::of, HostLibraries::of);
  }

  /** Returns damaged code from the cache, and correct code after a rebuild. */
  public static HostBinaries damagedCache() {
    return new HostBinaries(_ -> new byte[64], HostLibraries::of);
  }

  /** Returns code for another device. */
  public static HostBinaries foreign() {
    return new HostBinaries(_ -> new byte[64], _ -> new byte[64]);
  }

  /** Returns kernels that do nothing. */
  public static HostBinaries withoutCode() {
    return new HostBinaries(HostBinaries::image, HostBinaries::image);
  }

  private static byte[] image(Specialisation kernel) {
    return ("stub image without code, cluster " + kernel.cluster() + "\0").getBytes(StandardCharsets.US_ASCII);
  }

  /** Kernels that were compiled again. */
  public List<Specialisation> rebuilt() {
    return rebuilt;
  }

  @Override
  public String describe() {
    return "the C++ compiler";
  }

  @Override
  public CompiledKernel compile(Specialisation kernel) {
    return new CompiledKernel(TARGET, cached.apply(kernel), "", true);
  }

  @Override
  public CompiledKernel rebuild(Specialisation kernel) {
    rebuilt.add(kernel);
    return new CompiledKernel(TARGET, anew.apply(kernel), "", false);
  }
}
