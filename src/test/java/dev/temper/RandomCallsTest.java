package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random calls, seeded, between guard bytes: a valid call writes every element of its outputs and no other byte, and an
 * invalid call writes nothing. One call of four is compared with the reference.
 *
 * <p>System property {@code temper.fuzz.calls} sets the number of calls of the CPU engine. The other devices make a
 * tenth of them.
 */
final class RandomCallsTest extends EachDevice {

  private static final int CALLS = Integer.getInteger("temper.fuzz.calls", 1_000);

  @Test
  @Timeout(3_600)
  void callsWriteTheirOutputsAndNothingElse() {
    int calls = device.equals("cpu") ? CALLS : CALLS / 10;
    // A combination costs a device of CUDA sources one to three compilations.
    boolean compiles = device.equals("cuda") || device.equals("emulator");
    List<Combination> few = Stream.iterate(0, seed -> seed + 1).limit(8 + calls / 100)
        .map(seed -> Combination.draw(new SplittableRandom(seed))).toList();
    int refused = 0;
    for (int i = 0; i < calls; i++) {
      SplittableRandom random = new SplittableRandom(i);
      Combination combination = compiles ? few.get(i % few.size()) : Combination.draw(random);
      try (Arena arena = Arena.ofConfined()) {
        RandomCall call = RandomCall.draw(random, arena, combination);
        try {
          refused += run(call, i % 4 == 0) ? 0 : 1;
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError("call " + i + ": " + call, e);
        }
      }
    }
    assertThat(refused).isBetween(calls / 20, calls / 4);
  }

  /** Returns whether the call was valid. */
  private boolean run(RandomCall call, boolean compared) {
    try {
      call.run(engine());
    } catch (IllegalArgumentException e) {
      assertThat(call.isInvalid()).as(e.getMessage()).isTrue();
      call.requireNothingWritten();
      return false;
    }
    assertThat(call.isInvalid()).isFalse();
    call.requireOnlyOutputsWritten();
    if (compared) {
      call.requireNear(oracle());
    }
    return true;
  }
}
