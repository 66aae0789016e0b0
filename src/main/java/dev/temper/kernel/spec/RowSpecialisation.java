package dev.temper.kernel.spec;

import dev.temper.kernel.plan.RowPlan;
import java.util.ArrayList;
import java.util.List;

/** A kernel that processes rows, with the plan for them. */
public sealed interface RowSpecialisation extends Specialisation
    permits LossSpecialisation, PrimitiveSpecialisation, TopKSpecialisation {

  /** How rows are spread over threads. */
  RowPlan plan();

  @Override
  default int threads() {
    return plan().blockThreads();
  }

  @Override
  default int cluster() {
    return plan().cluster();
  }

  /** The kernel's own macros, followed by those of its plan. */
  default List<String> withPlan(List<String> own) {
    List<String> macros = new ArrayList<>(own);
    macros.addAll(planDefinitions(plan()));
    return List.copyOf(macros);
  }

  /** Returns the macros of a plan, which all sources of row kernels have. */
  static List<String> planDefinitions(RowPlan plan) {
    return List.of("TEMPER_THREADS=" + plan.threads(), "TEMPER_LANES=" + plan.lanes(), "TEMPER_CLUSTER="
        + plan.cluster(),
        "TEMPER_STORAGE=" + plan.storage().macro());
  }
}
