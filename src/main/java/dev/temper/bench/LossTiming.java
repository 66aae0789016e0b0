package dev.temper.bench;

import dev.temper.DType;

/**
 * How long loss and gradient of one shape took.
 *
 * @param shape rows and classes
 * @param dtype of student, teacher and gradient
 * @param milliseconds of one call
 * @param batches batches that were used in turn, so that none was in a cache
 */
public record LossTiming(BatchShape shape, DType dtype, Spread milliseconds, int batches) {

  /** Bytes that cannot be avoided, in 1e9 per second of the median call. */
  public double gigabytesPerSecond() {
    return shape.leastTraffic(dtype) / (milliseconds.median() * 1e6);
  }

  /** Rate as a share of the machine's copy rate. */
  public double shareOf(CopyRate copy) {
    return gigabytesPerSecond() / copy.gigabytesPerSecond();
  }

  /** Median time over the time that the same bytes take at the copy rate: 1 is the best that memory allows. */
  public double timesFloor(CopyRate copy) {
    return milliseconds.median() / copy.floorMilliseconds(shape.leastTraffic(dtype));
  }
}
