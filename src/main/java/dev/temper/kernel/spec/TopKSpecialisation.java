package dev.temper.kernel.spec;

import dev.temper.DType;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowStorage;
import java.util.List;

/**
 * The kernel that computes the lists of the most probable classes. A block computes one row at a time.
 *
 * @param input type of the logits
 */
public record TopKSpecialisation(DType input) implements RowSpecialisation {

  /** A block has as many threads as a list can have slots. It reads a row once and does not store it. */
  private static final RowPlan PLAN = new RowPlan(256, 0, 1, new RowStorage.Reread());
  /** Bytes of the keys of the candidates, and of their number. */
  private static final long CANDIDATE_BYTES = 4_096L * Long.BYTES + 16;

  @Override
  public RowPlan plan() {
    return PLAN;
  }

  /** Dynamic shared memory of a block, for rows of any length. */
  public long sharedBytes() {
    return PLAN.sharedBytes(1, input.bytes(), 0) + CANDIDATE_BYTES;
  }

  @Override
  public String parameters() {
    return "TopKParameters";
  }

  @Override
  public String source() {
    return "topk.cu";
  }

  @Override
  public List<String> definitions() {
    return withPlan(List.of("TEMPER_KERNEL=" + ENTRY, "TEMPER_INPUT=" + Specialisation.macro(input)));
  }
}
