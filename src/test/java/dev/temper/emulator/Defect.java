package dev.temper.emulator;

import dev.temper.kernel.code.KernelSource;
import java.util.TreeMap;
import java.util.function.Function;

/** A mistake that can be planted in the CUDA sources, and what is meant to find it: the test of the tests. */
public enum Defect {
  /** None: the sources as they are. */
  NONE("plain", "team.cuh", "#pragma once", "#pragma once", ""),
  /** Values of another warp are read before they are there. */
  MISSING_BARRIER("traced", "team.cuh", "      __syncthreads();\n", "", "race|nobody wrote"),
  /** Odd lanes name all lanes, even ones only themselves. */
  WRONG_MASK("plain", "team.cuh", "(values, ~0u);", "(values, threadIdx.x % 2 == 0 ? 0x55555555u : ~0u);", "with mask"),
  /** A block's barrier where the cluster must meet. */
  WEAK_CLUSTER_BARRIER("plain", "team.cuh", "values[n]);\n      cluster_barrier();", "values[n]);\n      __syncthreads();",
      "of the cluster has exited|expected"),
  /** Copied logits are used before they have landed. */
  COPY_WITHOUT_WAIT("plain", "residence.cuh", "      async_wait();\n", "", "async copies"),
  /** A vector at any address. */
  MISALIGNED_VECTOR("plain", "row_view.cuh", "whole_end = aligned && ", "whole_end = ", "misaligned"),
  /** The last vector reaches beyond the row. */
  TAIL_OVER_READ("sanitized", "row_view.cuh", "end - K + 1 : 0", "end : 0", "AddressSanitizer");

  private final String build;
  private final String file;
  private final String sound;
  private final String planted;
  private final String finding;

  Defect(String build, String file, String sound, String planted, String finding) {
    this.build = build;
    this.file = file;
    this.sound = sound;
    this.planted = planted;
    this.finding = finding;
  }

  /** The build that is meant to find it. */
  String build() {
    return build;
  }

  /** A regular expression that the finding holds. */
  String finding() {
    return finding;
  }

  /** The sources with the defect in them. */
  public Function<String, KernelSource> sources() {
    return name -> {
      KernelSource source = KernelSource.load(name);
      TreeMap<String, String> headers = new TreeMap<>(source.headers());
      String text = headers.get(file);
      if (text == null) {
        return source;  // a kernel without that header
      }
      if (!text.contains(sound)) {
        throw new IllegalStateException("there is nothing in " + file + " to plant " + this + " in");
      }
      headers.put(file, text.replace(sound, planted));
      return new KernelSource(source.file(), source.text(), headers);
    };
  }
}
