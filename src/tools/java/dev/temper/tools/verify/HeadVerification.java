package dev.temper.tools.verify;

import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import java.util.List;

/** Checks the head of an engine. Each check opens the device again, with a workspace that gives chunks of its size. */
final class HeadVerification {

  private HeadVerification() {}

  /**
   * One check.
   *
   * @param engine the engine under test
   * @param seed seed of the numbers
   */
  record HeadCheck(LossEngine engine, long seed, HeadCase c) {

    CaseGroup group() {
      return c.loss().group();
    }

    String name() {
      return c.loss().name();
    }

    int classes() {
      return c.loss().layout().classes();
    }

    void judge(Comparison comparison) {
      try (LossEngine chunked = LossEngine.open(engine.device(), options())) {
        judge(chunked, comparison);
      }
    }

    private EngineOptions options() {
      return EngineOptions.defaults().withHeadWorkspace(c.workspace()).withChunkLogits(c.chunkLogits());
    }

    private void judge(LossEngine chunked, Comparison comparison) {
      HeadData data = HeadData.of(c, seed);
      HeadRun.Found found = HeadRun.run(chunked, c, data);
      found.damage().forEach(damage -> comparison.require(false, damage));
      int expected = Math.clamp(c.rows(), 1, c.chunkRows());
      comparison.require(found.workspace().chunkRows() == expected,
          "a chunk has " + found.workspace().chunkRows() + " rows, expected " + expected);
      switch (group()) {
        case HEAD_RERUN -> {
          same(found, HeadRun.run(chunked, c, data), comparison);
          try (LossEngine alone = LossEngine.open(engine.device(), options().withThreads(1))) {
            same(found, HeadRun.run(alone, c, data), comparison);
          }
        }
        case HEAD_DIFFERENCES -> HeadDifferences.compare(c, data, found, comparison);
        default -> new HeadOracle(c, data).compare(found, comparison);
      }
    }

    private static void same(HeadRun.Found found, HeadRun.Found again, Comparison comparison) {
      comparison.same("gradient_hidden", again.hidden(), found.hidden(), 1);
      comparison.same("gradient_weight", again.weight(), found.weight(), 1);
      comparison.same("gradient_bias", again.bias(), found.bias(), 1);
      comparison.same("total", again.totals().total(), found.totals().total());
    }
  }

  /** All checks of an engine that can be opened by its name. */
  static List<HeadCheck> of(LossEngine engine, long seed) {
    String kind = engine.device().replaceFirst(":.*", "");
    return LossEngine.devices().containsKey(kind)
        ? HeadCases.all().stream().map(c -> new HeadCheck(engine, seed, c)).toList() : List.of();
  }
}
