package dev.temper.emulator;

import dev.temper.HostMatrix;
import dev.temper.LossEngine;

/** A process that compiles a kernel for the emulator and runs it. */
final class EmulatorStart {

  private EmulatorStart() {}

  /** No arguments. */
  public static void main(String[] arguments) {
    System.out.print('.');
    System.out.flush();
    try (LossEngine engine = LossEngine.open("emulator")) {
      engine.softmax(HostMatrix.of(new float[] {1, 2, 3}, 1, 3), HostMatrix.of(new float[3], 1, 3));
    }
  }
}
