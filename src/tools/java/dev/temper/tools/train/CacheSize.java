package dev.temper.tools.train;

/**
 * Size of a file with a teacher's most probable words.
 *
 * @param file name of the file
 * @param rows examples in the file
 * @param k words of a row
 * @param classes words of the vocabulary
 * @param bytes size of the file
 * @param seconds time in which the teacher computed the rows and the file was written
 */
public record CacheSize(String file, long rows, int k, int classes, long bytes, double seconds) {

  /** The size of the file, as a share of the teacher's logits of the same rows in f32. */
  public double shareOfLogits() {
    return (double) bytes / ((double) rows * classes * Float.BYTES);
  }
}
