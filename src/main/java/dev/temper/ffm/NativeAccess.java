package dev.temper.ffm;

import java.lang.foreign.MemorySegment;

/**
 * Whether the JVM lets this library call native code. Where it is started with --illegal-native-access=deny it does
 * not.
 */
public final class NativeAccess {

  private NativeAccess() {}

  /**
   * Makes the smallest restricted call, which changes nothing.
   *
   * @throws LibraryLoadException naming the option that allows native access, if the JVM denies it
   */
  public static void require() throws LibraryLoadException {
    try {
      MemorySegment _ = MemorySegment.NULL.reinterpret(0);
    } catch (IllegalCallerException e) {
      throw denied();
    }
  }

  static LibraryLoadException denied() {
    Module module = NativeAccess.class.getModule();
    return new LibraryLoadException("Java denies this code native access; start it with --enable-native-access="
        + (module.isNamed() ? module.getName() : "ALL-UNNAMED"));
  }
}
