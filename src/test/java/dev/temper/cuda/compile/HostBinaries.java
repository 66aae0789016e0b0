package dev.temper.cuda.compile;

import dev.temper.emulator.HostLibraries;
import dev.temper.kernel.Specialisation;
import java.util.ArrayList;
import java.util.List;

/** Code for the stub driver, compiled by the emulator's compiler. */
public final class HostBinaries implements KernelBinaries {

  private static final Target TARGET = Target.cubin(new Architecture(9, 0));

  private final List<Specialisation> rebuilt = new ArrayList<>();
  private final boolean damagedCache;
  private final boolean foreign;

  private HostBinaries(boolean damagedCache, boolean foreign) {
    this.damagedCache = damagedCache;
    this.foreign = foreign;
  }

  /** As it should be. */
  public static HostBinaries sound() {
    return new HostBinaries(false, false);
  }

  /** With a cache whose every entry is damaged. */
  public static HostBinaries damagedCache() {
    return new HostBinaries(true, false);
  }

  /** Code that no device here takes. */
  public static HostBinaries foreign() {
    return new HostBinaries(true, true);
  }

  /** What had to be compiled again. */
  public List<Specialisation> rebuilt() {
    return rebuilt;
  }

  @Override
  public String describe() {
    return "the C++ compiler";
  }

  @Override
  public CompiledKernel compile(Specialisation kernel) {
    byte[] code = damagedCache ? new byte[64] : HostLibraries.of(kernel);
    return new CompiledKernel(TARGET, code, "", true);
  }

  @Override
  public CompiledKernel rebuild(Specialisation kernel) {
    rebuilt.add(kernel);
    return new CompiledKernel(TARGET, foreign ? new byte[64] : HostLibraries.of(kernel), "", false);
  }
}
