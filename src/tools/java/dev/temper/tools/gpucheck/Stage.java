package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** The parts of the check, which can run separately. The limits of a stage's steps add up to less than ten minutes. */
public enum Stage {
  /** A few minutes of checks whose failure makes the other stages pointless. */
  SMOKE,
  /** The whole verification grid, and equal bits in two processes. */
  CORRECTNESS,
  /** Memory errors and races, found by compute-sanitizer. */
  SANITIZE,
  /** Rows in rings, which other stages do not use: correct, without memory errors, and their times. */
  RINGS,
  /** Times of copies, losses and launches. */
  SPEED,
  /** Times of every launch plan for rows. */
  PLANS,
  /** Times and outputs of PyTorch and other libraries on the same batches. */
  PEERS;

  /** The name on the command line and in documents. */
  @JsonValue
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
