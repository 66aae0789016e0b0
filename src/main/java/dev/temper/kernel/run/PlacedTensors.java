package dev.temper.kernel.run;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The addresses at which kernels access the tensors of one call. A host tensor that the kernels cannot access in place
 * has a copy in device memory with the same layout and the same alignment modulo 16 bytes, because a row's bits may
 * depend on its alignment.
 */
final class PlacedTensors {

  private static final int VECTOR_BYTES = 16;

  private final Workspace workspace;
  private final KernelDevice device;
  private final List<NamedMemory> memory = new ArrayList<>();
  private final List<MemorySegment> hostMemory = new ArrayList<>();
  private final List<HostCopy> uploads = new ArrayList<>();
  private final List<HostCopy> downloads = new ArrayList<>();

  PlacedTensors(Workspace workspace) {
    this.workspace = workspace;
    device = workspace.device();
  }

  private record NamedMemory(String tensor, MemorySegment segment) {}

  /** Host memory that kernels access in place. */
  List<MemorySegment> hostMemory() {
    return hostMemory;
  }

  /** Whether a tensor lies in host memory that kernels cannot access. */
  boolean anyCopied() {
    return !uploads.isEmpty() || !downloads.isEmpty();
  }

  /** Whether an output at this address is copied to the host. */
  boolean isCopied(long address) {
    return downloads.stream().anyMatch(copy -> copy.device() == address);
  }

  /**
   * Checks that kernels can access a matrix in device memory, without placing it.
   *
   * @throws IllegalArgumentException if kernels cannot access the matrix; the message names the tensor
   */
  void requireAccessible(String name, @Nullable MatrixView matrix) {
    if (matrix instanceof DeviceMatrix onDevice) {
      onDevice(name, onDevice.address(), onDevice.byteSize(), onDevice.dtype());
    }
  }

  /** Returns the exception for a graph whose replays would have to copy a host tensor. */
  static IllegalArgumentException notRecordable() {
    return new IllegalArgumentException("a tensor lies in host memory, expected all of them in device memory to "
        + "record a graph; copy them to buffers of LossEngine.allocate");
  }

  /** Whether results must be copied to the host before the call returns. */
  boolean anyDownloads() {
    return !downloads.isEmpty();
  }

  /** Address of an input; 0 if it is absent. */
  long input(String name, @Nullable MatrixView matrix) {
    return address(name, matrix, uploads);
  }

  /** Address of an input; 0 if it is absent. */
  long input(String name, @Nullable RowVector vector) {
    return address(name, vector, uploads);
  }

  /** Address of an output; 0 if it is absent. */
  long output(String name, @Nullable MatrixView matrix) {
    return address(name, matrix, downloads);
  }

  /** Address of an output; 0 if it is absent. */
  long output(String name, @Nullable RowVector vector) {
    return address(name, vector, downloads);
  }

  /** Adds an output in the memory of an input at {@code address}. */
  void inPlaceOutput(MatrixView matrix, long address) {
    if (uploads.stream().anyMatch(copy -> copy.device() == address)) {
      downloads.add(HostCopy.of((HostMatrix) matrix, address));
    }
  }

  /**
   * Checks that no memory was closed since the tensors were placed.
   *
   * @throws IllegalStateException if memory was closed; the message names the tensor
   */
  void requireOpen() {
    for (int i = 0; i < memory.size(); i++) {  // an iterator would be an allocation
      if (!memory.get(i).segment.scope().isAlive()) {
        throw new IllegalStateException(memory.get(i).tensor
            + " lies in memory that was closed; keep its arena or buffer open until the "
            + "last launch is complete");
      }
    }
  }

  /** Copies the inputs to the device. They may change when the call returns. */
  void upload() {
    for (int i = 0; i < uploads.size(); i++) {  // an iterator would be an allocation
      uploads.get(i).upload(device);
    }
  }

  /**
   * Runs a kernel over the tensors: copies the inputs to the device, launches, and copies the outputs to the host.
   *
   * @param parameters the struct of the kernel, with the addresses of the tensors
   */
  void run(Specialisation kernel, MemorySegment parameters, long blocks, long sharedBytes) {
    requireOpen();
    upload();
    try (KernelLaunch launch = device.prepare(kernel, parameters, hostMemory, blocks, sharedBytes)) {
      launch.run();
    }
    download();
  }

  /** Waits for the stream and copies the outputs to the host. */
  void download() {
    downloads.forEach(copy -> copy.download(device));
  }

  private long address(String name, @Nullable MatrixView matrix, List<HostCopy> copies) {
    return switch (matrix) {
      case null -> 0;
      case DeviceMatrix onDevice -> onDevice(name, onDevice.address(), onDevice.byteSize(), onDevice.dtype());
      case HostMatrix host -> {
        OptionalLong direct = direct(name, host.segment(), host.dtype());
        yield direct.isPresent() ? direct.getAsLong()
            : copied(copies, HostCopy.of(host, allocate(name, host.segment(), host.byteSize(), host.dtype())));
      }
    };
  }

  private long address(String name, @Nullable RowVector vector, List<HostCopy> copies) {
    return switch (vector) {
      case null -> 0;
      case RowVector.Device onDevice ->
          onDevice(name, onDevice.address(), onDevice.length() * onDevice.dtype().bytes(), onDevice.dtype());
      case RowVector.Host host -> {
        OptionalLong direct = direct(name, host.segment(), host.dtype());
        yield direct.isPresent() ? direct.getAsLong() : copied(copies,
            HostCopy.of(host, allocate(name, host.segment(), host.length() * host.dtype().bytes(), host.dtype())));
      }
    };
  }

  private static long copied(List<HostCopy> copies, HostCopy copy) {
    copies.add(copy);
    return copy.device();
  }

  private long onDevice(String name, long address, long bytes, DType dtype) {
    if (address % dtype.bytes() != 0) {
      throw new IllegalArgumentException(String.format(
          "%s is at device address 0x%x, expected a multiple of %d for %s; align its first element", name, address,
          dtype.bytes(), dtype));
    }
    if (bytes > 0) {
      device.requireDeviceMemory(name, address, bytes);
      device.hostMemoryOf(address).ifPresent(segment -> inPlace(name, segment));
    }
    return address;
  }

  /**
   * Returns the address of host memory, if kernels can access it. Kernels need naturally aligned elements, which host
   * memory may lack.
   */
  private OptionalLong direct(String name, MemorySegment segment, DType dtype) {
    OptionalLong address = segment.address() % dtype.bytes() == 0 ? device.addressOf(segment) : OptionalLong.empty();
    if (address.isPresent()) {
      inPlace(name, segment);
    } else {
      memory.add(new NamedMemory(name, segment));
    }
    return address;
  }

  private void inPlace(String name, MemorySegment segment) {
    memory.add(new NamedMemory(name, segment));
    hostMemory.add(segment);
  }

  private long allocate(String name, MemorySegment segment, long bytes, DType dtype) {
    long shift = segment.address() % VECTOR_BYTES / dtype.bytes() * dtype.bytes();
    return workspace.bytes(name, Math.addExact(bytes, VECTOR_BYTES)) + shift;
  }
}
