package dev.temper.ffm;

import java.lang.foreign.MemorySegment;

/**
 * Checks that the JVM allows this library to call native code. The option --illegal-native-access=deny forbids such
 * calls.
 */
public final class NativeAccess {

  private NativeAccess() {}

  /**
   * Makes a restricted call that has no effect.
   *
   * @throws LibraryLoadException if the JVM denies native access; the message names the option that allows it
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
