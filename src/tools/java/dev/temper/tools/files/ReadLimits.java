package dev.temper.tools.files;

/**
 * Limits of the memory that a packed file may take. A hostile archive of 4 MB can unpack to 4 GB of zeros. Logits
 * hardly shrink when they are packed, and labels that are mostly padding are small.
 *
 * @param freeBytes unpacked bytes that every array may have, whatever its packed size
 * @param expansion most unpacked bytes of a larger array for each packed byte
 */
public record ReadLimits(long freeBytes, int expansion) {

  /** 64 MiB for each array whatever its packed size, and beyond that at most 50 times the packed size. */
  public static final ReadLimits DEFAULT = new ReadLimits(64L << 20, 50);

  /** No limits except those of the shapes, for files from a trusted source. */
  public static final ReadLimits NONE = new ReadLimits(Long.MAX_VALUE, Integer.MAX_VALUE);

  /**
   * Checks the limits.
   *
   * @throws IllegalArgumentException if the bytes are negative, or the expansion is below 1
   */
  public ReadLimits {
    if (freeBytes < 0 || expansion < 1) {
      throw new IllegalArgumentException("limits are " + freeBytes + " bytes and " + expansion
          + " times, expected 0 or more bytes and an expansion of 1 or more");
    }
  }

  /** These limits with another expansion. */
  public ReadLimits withExpansion(int times) {
    return new ReadLimits(freeBytes, times);
  }

  /**
   * Refuses an array before it is unpacked.
   *
   * @throws IllegalArgumentException with the sizes and the remedy
   */
  void check(long packed, long unpacked) {
    if (unpacked > freeBytes && unpacked / expansion > packed) {
      throw new IllegalArgumentException("would unpack from " + packed + " to " + unpacked + " bytes, expected at most "
          + expansion + " times its packed size for an array of more than " + freeBytes + " bytes;"
          + " if you trust the file, save it again with numpy.savez, which packs nothing");
    }
  }
}
