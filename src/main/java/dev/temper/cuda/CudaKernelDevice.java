package dev.temper.cuda;

import dev.temper.cuda.cublas.CublasProducts;
import dev.temper.cuda.cublas.CublasSearch;
import dev.temper.cuda.driver.BorrowedMemory;
import dev.temper.cuda.driver.ClusterSizes;
import dev.temper.cuda.driver.CudaDevice;
import dev.temper.cuda.driver.CudaDriver;
import dev.temper.cuda.driver.CudaStopwatch;
import dev.temper.cuda.driver.CudaStream;
import dev.temper.cuda.driver.DriverMemory;
import dev.temper.cuda.driver.DriverStreams;
import dev.temper.cuda.driver.GraphRecording;
import dev.temper.cuda.driver.KernelModule;
import dev.temper.cuda.driver.PinnedResultSlot;
import dev.temper.cuda.driver.PrimaryContext;
import dev.temper.cuda.driver.Staging;
import dev.temper.cuda.nvrtc.KernelBinaries;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.Stopwatch;
import dev.temper.kernel.device.DeviceProducts;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.Occupancy;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Runs kernels on a CUDA device, in one stream of the device's primary context. */
final class CudaKernelDevice implements KernelDevice {

  private static final int MULTIPROCESSORS = 16;
  private static final int L2_CACHE_BYTES = 38;

  /** Workspace of products that NVIDIA recommends from compute capability 9.0 on. */
  private static final long LARGE_PRODUCTS = 32L << 20;
  /** Workspace of products that NVIDIA recommends before compute capability 9.0. */
  private static final long SMALL_PRODUCTS = 4L << 20;

  private final CudaDevice device;
  private final CudaDriver driver;
  private final KernelBinaries binaries;
  private final CublasSearch cublas;
  private final boolean tf32;
  private final PrimaryContext context;
  private final CudaStream stream;
  private final GraphRecording recording;
  private final BorrowedMemory borrowedMemory;
  private final LoadedModules modules;
  private @Nullable Staging staging;
  private @Nullable ClusterSizes clusters;
  private @Nullable DeviceLimits limits;

  /**
   * Opens a device.
   *
   * @param driver the driver of the device
   * @param borrowedStream handle of a stream that the caller owns; if empty, the device creates one
   * @param cublas search for cuBLAS, made when products are opened
   * @param tf32 whether products of F32 factors may use TF32
   * @throws IllegalArgumentException if the stream belongs to another device
   */
  CudaKernelDevice(CudaDevice device, CudaDriver driver, OptionalLong borrowedStream, KernelBinaries binaries,
      CublasSearch cublas, boolean tf32) {
    this.tf32 = tf32;
    this.device = device;
    this.driver = driver;
    this.binaries = binaries;
    this.cublas = cublas;
    context = new PrimaryContext(device.index());
    try (var _ = context.enter()) {
      stream = CudaStream.of(borrowedStream, context);
    } catch (RuntimeException e) {
      context.close();
      throw e;
    }
    modules = new LoadedModules(driver, binaries, context);
    recording = new GraphRecording(context, stream);
    borrowedMemory = new BorrowedMemory(device.index());
  }

  @Override
  public String describe() {
    return "cuda:" + device.index() + " (" + device.name() + ", compute capability " + device.architecture() + ")";
  }

  @Override
  public DeviceFacts facts() {
    return new DeviceFacts(device.name(), device.architecture().toString(), context.attribute(MULTIPROCESSORS),
        device.memoryBytes(),
        context.attribute(L2_CACHE_BYTES), clusters().described(), "CUDA " + driver.versionText(), binaries.describe());
  }

  @Override
  public synchronized DeviceLimits limits() {
    if (limits == null) {
      limits = device.limits(context::attribute, clusters());
    }
    return limits;
  }

  private synchronized ClusterSizes clusters() {
    if (clusters == null) {
      clusters = CudaDevice.clusters(context::attribute, this::placedClusters);
    }
    return clusters;
  }

  /**
   * Returns the clusters that the device can place, of blocks with that much shared memory. The query needs a kernel,
   * and every engine has this one.
   */
  private ClusterSizes placedClusters(int sharedBytes) {
    BatchKernel kernel = BatchKernel.CHECK;
    KernelModule module = modules.get(kernel);
    try (var _ = context.enter()) {
      return ClusterSizes.query(driver.library(), module.function(sharedBytes), kernel.threads(), sharedBytes);
    }
  }

  @Override
  public void load(Specialisation kernel) {
    modules.get(kernel);
  }

  @Override
  public KernelLaunch prepare(
      Specialisation kernel, MemorySegment parameters, List<MemorySegment> hostMemory, long blocks, long sharedBytes) {
    int shared = Math.toIntExact(sharedBytes);
    KernelModule module = modules.get(kernel);
    try (var _ = context.enter()) {
      return new CudaLaunch(kernel, context, stream, module.function(shared), Math.toIntExact(blocks), shared,
          parameters);
    }
  }

  @Override
  public Occupancy occupancy(Specialisation kernel, long sharedBytes) {
    int shared = Math.toIntExact(sharedBytes);
    KernelModule module = modules.get(kernel);
    try (var _ = context.enter()) {
      return module.occupancy(shared, driver, () -> context.attribute(MULTIPROCESSORS));
    }
  }

  @Override
  public void withContext(Runnable operations) {
    try (var _ = context.enterOnce()) {
      operations.run();
    }
  }

  @Override
  public KernelLaunch record(Runnable sequence) {
    return recording.record(sequence);
  }

  @Override
  public boolean isCapturing() {
    try (var _ = context.enter()) {
      return DriverStreams.isCapturing(stream.handle());
    }
  }

  @Override
  public DeviceProducts products() {
    return CublasProducts.open(cublas, context, stream,
        device.architecture().major() >= 9 ? LARGE_PRODUCTS : SMALL_PRODUCTS, tf32);
  }

  @Override
  public long allocate(long bytes) {
    try (var _ = context.enter()) {
      return DriverMemory.allocate(bytes);
    }
  }

  @Override
  public void free(long address) {
    try (var _ = context.enter()) {
      DriverMemory.free(address);
    }
  }

  /** Returns no address. Kernels could access pinned host memory, but every access would cross the bus. */
  @Override
  public OptionalLong addressOf(MemorySegment host) {
    return OptionalLong.empty();
  }

  @Override
  public void requireDeviceMemory(String tensor, long address, long bytes) {
    try (var _ = context.enter()) {
      borrowedMemory.require(tensor, address, bytes);
    }
  }

  @Override
  public void upload(MemorySegment from, long to) {
    try (var _ = context.enter()) {
      staging().upload(from, to);
    }
  }

  @Override
  public void download(long from, MemorySegment to) {
    try (var _ = context.enter()) {
      staging().download(from, to);
    }
  }

  private Staging staging() {
    if (staging == null) {
      staging = new Staging(stream);
    }
    return staging;
  }

  @Override
  public void copy(long from, long to, long bytes) {
    try (var _ = context.enter()) {
      DriverMemory.copyOnDevice(from, to, bytes, stream.handle());
    }
  }

  @Override
  public void zero(long address, long bytes) {
    try (var _ = context.enter()) {
      DriverMemory.fill(address, (byte) 0, bytes, stream.handle());
    }
  }

  @Override
  public ResultSlot resultSlot(int bytes) {
    return new PinnedResultSlot(bytes, context, stream, recording);
  }

  @Override
  public void synchronize() {
    try (var _ = context.enter()) {
      DriverStreams.synchronizeStream(stream.handle());
    }
  }

  @Override
  public Stopwatch stopwatch() {
    return new CudaStopwatch(context, stream);
  }

  @Override
  public void close() {
    try (context; var _ = context.enter(); stream; var _ = staging) {
      modules.close();
    }
  }
}
