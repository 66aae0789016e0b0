package dev.temper.kernel.plan;

/** Where a row stays between the sweeps over it ({@code kernels/row/storage.cuh}). */
public sealed interface Residence {

  /** Its type in the sources. */
  String macro();

  /**
   * Registers of part of a warp.
   *
   * @param groups vectors of 16 bytes of the first tensor, with the second tensor's same columns, that one thread holds
   */
  record Registers(int groups) implements Residence {
    @Override
    public String macro() {
      return "RegisterStorage<" + groups + ">";
    }
  }

  /** Shared memory of one block, or of all blocks of a cluster. */
  record Shared() implements Residence {
    @Override
    public String macro() {
      return "SharedStorage";
    }
  }

  /** Nowhere: each sweep reads it again, from the second on through L2. */
  record Stream() implements Residence {
    @Override
    public String macro() {
      return "RereadStorage";
    }
  }
}
