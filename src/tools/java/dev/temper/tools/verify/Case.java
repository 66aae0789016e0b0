package dev.temper.tools.verify;

import dev.temper.DistillationLoss;

/**
 * One case of the grid. Its numbers depend on the seed and on its name only.
 *
 * @param group the statement that the case checks
 * @param name unique, such as {@code classes/c1000-f32}
 * @param level the smallest level that contains it
 * @param check the check of the result
 * @param method the method of the engine
 * @param loss the loss; primitives use its temperature only
 * @param layout shapes, dtypes and addresses of the tensors
 * @param content content of the logits
 * @param options the other inputs of the call
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

  /** The command that runs one case alone. */
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
