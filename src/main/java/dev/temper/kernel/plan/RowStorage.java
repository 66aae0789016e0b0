package dev.temper.kernel.plan;

/** Where a row is stored between the sweeps over it ({@code kernels/row/storage.cuh}). */
public sealed interface RowStorage {

  /** The type in the kernel sources. */
  String macro();

  /**
   * Registers of some lanes of a warp, or of a block.
   *
   * @param vectors vectors of 16 bytes of the first tensor in one thread; the thread also has the same columns of the
   *     second tensor
   */
  record Registers(int vectors) implements RowStorage {
    @Override
    public String macro() {
      return "RegisterStorage<" + vectors + ">";
    }
  }

  /** Shared memory of a block, or of all blocks of a cluster. */
  record Shared() implements RowStorage {
    @Override
    public String macro() {
      return "SharedStorage";
    }
  }

  /**
   * A ring of stages in shared memory, from compute capability 8.0 on: a producing warp copies rows into it.
   *
   * @param copies how the warp copies
   * @param vectors vectors of 16 bytes of the first tensor in one thread and stage
   * @param stages stages of the ring
   */
  record Ring(RingCopies copies, int vectors, int stages) implements RowStorage {
    @Override
    public String macro() {
      return "RingStorage<" + vectors + ", " + copies.type() + ">";
    }
  }

  /** No storage: each sweep reads the row again, the later ones mostly from L2. */
  record Reread() implements RowStorage {
    @Override
    public String macro() {
      return "RereadStorage";
    }
  }
}
