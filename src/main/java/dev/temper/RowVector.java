package dev.temper;

import dev.temper.internal.HostMemory;
import dev.temper.internal.Shapes;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * A view of one value for each row, contiguous, in memory that the caller owns. Each factory is named after the meaning
 * of the values and checks the dtype: {@link #labels} are I32 or I64; {@link #weights}, {@link #temperatures} and
 * {@link #losses} are F32.
 *
 * <p>Arrays are used in place: outputs are written to the caller's array.
 */
public sealed interface RowVector permits RowVector.Host, RowVector.Device {

  /** Number of values. */
  long length();

  /** Element type. */
  DType dtype();

  /**
   * The values from {@code from} up to, not including, {@code to}, in the same memory.
   *
   * @throws IllegalArgumentException unless {@code 0 <= from <= to <= length()}
   */
  RowVector rows(long from, long to);

  /** Labels in an array, one class for each row, or the ignored label. */
  static RowVector labels(int... values) {
    return new Host(MemorySegment.ofArray(values), values.length, DType.I32);
  }

  /** Labels in an array, one class for each row, or the ignored label. */
  static RowVector labels(long... values) {
    return new Host(MemorySegment.ofArray(values), values.length, DType.I64);
  }

  /** Labels between position and limit of a buffer in the processor's byte order. */
  static RowVector labels(IntBuffer values) {
    return host("labels", HostMemory.of(values, values.order()), values.remaining(), DType.I32);
  }

  /** Labels between position and limit of a buffer in the processor's byte order. */
  static RowVector labels(LongBuffer values) {
    return host("labels", HostMemory.of(values, values.order()), values.remaining(), DType.I64);
  }

  /**
   * Labels in host memory; also what {@link LossEngine#argmax} writes.
   *
   * @param segment exactly {@code length} elements, at any alignment
   * @param dtype I32 or I64
   * @throws IllegalArgumentException if dtype or size do not fit
   */
  static RowVector labels(MemorySegment segment, long length, DType dtype) {
    return host("labels", segment, length, requireLabels(dtype));
  }

  /** Row weights in an array: finite, of any sign. */
  static RowVector weights(float... values) {
    return floats(values);
  }

  /** Row weights between position and limit of a buffer in the processor's byte order. */
  static RowVector weights(FloatBuffer values) {
    return host("row_weights", HostMemory.of(values, values.order()), values.remaining(), DType.F32);
  }

  /**
   * Row weights in host memory: finite, of any sign.
   *
   * @param segment exactly {@code length} elements, at any alignment
   * @param dtype F32
   * @throws IllegalArgumentException if dtype or size do not fit
   */
  static RowVector weights(MemorySegment segment, long length, DType dtype) {
    return host("row_weights", segment, length, requireF32("row_weights", dtype));
  }

  /** Row temperatures in an array, which replace {@code T} row by row. */
  static RowVector temperatures(float... values) {
    return floats(values);
  }

  /** Row temperatures between position and limit of a buffer in the processor's byte order. */
  static RowVector temperatures(FloatBuffer values) {
    return host("row_temperatures", HostMemory.of(values, values.order()), values.remaining(), DType.F32);
  }

  /**
   * Row temperatures in host memory, which replace {@code T} row by row.
   *
   * @param segment exactly {@code length} elements, at any alignment
   * @param dtype F32
   * @throws IllegalArgumentException if dtype or size do not fit
   */
  static RowVector temperatures(MemorySegment segment, long length, DType dtype) {
    return host("row_temperatures", segment, length, requireF32("row_temperatures", dtype));
  }

  /** An array to which the loss of each row is written, in nats. */
  static RowVector losses(float[] target) {
    return floats(target);
  }

  /**
   * The part of a buffer between position and limit, in the processor's byte order, to which row losses are written.
   */
  static RowVector losses(FloatBuffer target) {
    return host("row losses", HostMemory.of(target, target.order()), target.remaining(), DType.F32);
  }

  /**
   * Host memory to which the loss of each row is written, in nats.
   *
   * @param segment exactly {@code length} elements, at any alignment
   * @param dtype F32
   * @throws IllegalArgumentException if dtype or size do not fit
   */
  static RowVector losses(MemorySegment segment, long length, DType dtype) {
    return host("row losses", segment, length, requireF32("row losses", dtype));
  }

  /**
   * Labels in device memory that another library owns.
   *
   * @param address device address of the first label
   * @param dtype I32 or I64
   * @throws IllegalArgumentException if the dtype does not fit, or the address is 0
   */
  static RowVector labelsAt(long address, long length, DType dtype) {
    return new Device(address, length, requireLabels(dtype));
  }

  /** Row weights in device memory that another library owns, F32. */
  static RowVector weightsAt(long address, long length) {
    return new Device(address, length, DType.F32);
  }

  /** Row temperatures in device memory that another library owns, F32. */
  static RowVector temperaturesAt(long address, long length) {
    return new Device(address, length, DType.F32);
  }

  /** Device memory that another library owns, to which the loss of each row is written, F32. */
  static RowVector lossesAt(long address, long length) {
    return new Device(address, length, DType.F32);
  }

  /** A vector in host memory. */
  final class Host implements RowVector {

    private final MemorySegment segment;
    private final long length;
    private final DType dtype;

    private Host(MemorySegment segment, long length, DType dtype) {
      this.segment = segment;
      this.length = length;
      this.dtype = dtype;
    }

    /** The bytes of the elements and no others. */
    public MemorySegment segment() {
      return segment;
    }

    @Override
    public long length() {
      return length;
    }

    @Override
    public DType dtype() {
      return dtype;
    }

    @Override
    public Host rows(long from, long to) {
      Shapes.requireRows(from, to, length);
      return new Host(segment.asSlice(from * dtype.bytes(), (to - from) * dtype.bytes()), to - from, dtype);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Host host && host.segment.equals(segment) && host.length == length && host.dtype == dtype;
    }

    @Override
    public int hashCode() {
      return segment.hashCode();
    }

    @Override
    public String toString() {
      return "[" + length + "] " + dtype + " in host memory";
    }
  }

  /** A vector in the memory of a device, which its allocator owns. */
  final class Device implements RowVector {

    private final long address;
    private final long length;
    private final DType dtype;

    private Device(long address, long length, DType dtype) {
      Shapes.requireVector(length, dtype);
      if (address == 0 && length > 0) {
        throw new IllegalArgumentException("device address is 0, expected the address of " + length + " values");
      }
      this.address = address;
      this.length = length;
      this.dtype = dtype;
    }

    /** Device address of the first element. */
    public long address() {
      return address;
    }

    @Override
    public long length() {
      return length;
    }

    @Override
    public DType dtype() {
      return dtype;
    }

    @Override
    public Device rows(long from, long to) {
      Shapes.requireRows(from, to, length);
      return new Device(address + from * dtype.bytes(), to - from, dtype);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Device device && device.address == address && device.length == length && device.dtype
          == dtype;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(address);
    }

    @Override
    public String toString() {
      return "[" + length + "] " + dtype + " at device address 0x" + Long.toHexString(address);
    }
  }

  private static Host floats(float[] values) {
    return new Host(MemorySegment.ofArray(values), values.length, DType.F32);
  }

  private static Host host(String name, MemorySegment segment, long length, DType dtype) {
    Shapes.requireVector(length, dtype);
    HostMemory.requireElements(segment, dtype);
    HostMemory.requireExactly(segment, length * dtype.bytes(), name + " [" + length + "] " + dtype, dtype);
    return new Host(segment, length, dtype);
  }

  private static DType requireLabels(DType dtype) {
    if (dtype != DType.I32 && dtype != DType.I64) {
      throw new IllegalArgumentException("labels has dtype " + dtype + ", expected I32 or I64; convert it");
    }
    return dtype;
  }

  private static DType requireF32(String name, DType dtype) {
    if (dtype != DType.F32) {
      throw new IllegalArgumentException(name + " has dtype " + dtype + ", expected F32; convert it");
    }
    return dtype;
  }
}
