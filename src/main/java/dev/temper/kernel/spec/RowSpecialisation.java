package dev.temper.kernel.spec;

import dev.temper.kernel.plan.RowPlan;
import java.util.ArrayList;
import java.util.List;

/** An instance of a kernel that goes over rows, as its plan says. */
public sealed interface RowSpecialisation extends Specialisation permits LossSpecialisation, PrimitiveSpecialisation {

  /** How rows are spread over threads. */
  RowPlan plan();

  @Override
  default int threads() {
    return plan().threads();
  }

  @Override
  default int cluster() {
    return plan().cluster();
  }

  /** Macros of its own, with those of its plan behind them. */
  default List<String> withPlan(List<String> own) {
    List<String> macros = new ArrayList<>(own);
    macros.addAll(planDefinitions(plan()));
    return List.copyOf(macros);
  }

  /** The macros that every such source takes. */
  static List<String> planDefinitions(RowPlan plan) {
    return List.of("TEMPER_THREADS=" + plan.threads(), "TEMPER_LANES=" + plan.lanes(), "TEMPER_CLUSTER=" + plan.cluster(),
        "TEMPER_STORAGE=" + plan.residence().macro());
  }
}
