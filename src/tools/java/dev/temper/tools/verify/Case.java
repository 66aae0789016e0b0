package dev.temper.tools.verify;

import dev.temper.DistillationLoss;

/**
 * One case of the grid: what is computed, over which tensors, and how the result is judged. Its numbers follow from the seed
 * and the name alone.
 *
 * @param group what the case is about
 * @param name unique, such as {@code classes/c1000-f32}
 * @param level from which level on it runs
 * @param check how the result is judged
 * @param method method of the engine
 * @param loss description of the loss; primitives take their temperature from it
 * @param layout shapes, dtypes and place in memory
 * @param content what the logits hold
 * @param options what else the call is given
 */
record Case(
    CaseGroup group,
    String name,
    Level level,
    Check check,
    EngineMethod method,
    DistillationLoss loss,
    Layout layout,
    Content content,
    RowOptions options) {

  /** The command that runs the case of that name alone. */
  static String command(String device, long seed, String name) {
    return "./temper verify --device " + device + " --seed " + seed + " --case " + name;
  }

  Case with(EngineMethod other) {
    return new Case(group, name, level, check, other, loss, layout, content, options);
  }

  Case with(Layout other) {
    return new Case(group, name, level, check, method, loss, other, content, options);
  }

  Case with(RowOptions other) {
    return new Case(group, name, level, check, method, loss, layout, content, other);
  }
}
