package dev.temper.internal;

import dev.temper.JavaProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Java processes that are killed while they write files, as the system does when memory runs out. */
public final class KilledProcess {

  /** Number of processes that a test kills; system property {@code temper.kills}. */
  public static final int KILLS = Integer.getInteger("temper.kills", 5);

  private KilledProcess() {}

  /**
   * Starts a class of the test's class path, waits for its first byte on stdout, and kills the process at a random
   * later time.
   *
   * @param options options of the JVM
   * @param milliseconds the longest time until the kill
   */
  public static void run(Class<?> main, List<String> options, Random random, int milliseconds, String... arguments)
      throws IOException, InterruptedException {
    Process process = start(main, options, arguments);
    if (process.getInputStream().read() < 0) {
      throw new AssertionError("the process ended by itself with status " + process.waitFor());
    }
    Thread.sleep(random.nextInt(milliseconds));
    process.destroyForcibly().waitFor();
  }

  /** Runs a class of the test's class path to its end, and requires success. */
  public static void complete(Class<?> main, List<String> options, String... arguments)
      throws IOException, InterruptedException {
    Process process = start(main, options, arguments);
    process.getInputStream().readAllBytes();
    if (!process.waitFor(5, TimeUnit.MINUTES) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new AssertionError("the process failed or did not end");
    }
  }

  private static Process start(Class<?> main, List<String> options, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx512m"));
    all.addAll(options);
    return new ProcessBuilder(JavaProcess.command(main, all, arguments))
        .redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
