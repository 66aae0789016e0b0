package dev.temper.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.DeviceException;
import dev.temper.ffm.CString;
import dev.temper.ffm.Downcalls;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import dev.temper.kernel.plan.Architecture;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * NVIDIA's driver before any context exists: its version and its devices. It is called through the foreign function
 * interface. A process that uses JCuda without the driver's library cannot use JCuda later either.
 *
 * @param library path or name of the library
 * @param version newest CUDA version that the driver supports; 12040 is 12.4
 * @param devices all devices
 */
public record CudaDriver(String library, int version, List<CudaDevice> devices) {

  /** System property that names a library other than {@value #LIBRARY}. */
  public static final String LIBRARY_PROPERTY = "temper.cuda.driver";

  private static final String LIBRARY = "libcuda.so.1";

  private static final int COMPUTE_CAPABILITY_MAJOR = 75;
  private static final int COMPUTE_CAPABILITY_MINOR = 76;
  private static final int NAME_BYTES = 256;

  /** Keeps a copy of the list. */
  public CudaDriver {
    devices = List.copyOf(devices);
  }

  /**
   * Loads the driver and reads version and devices.
   *
   * @param library path or name
   * @throws LibraryLoadException with the loader's reason
   * @throws DeviceException if a call of the driver fails
   */
  public static CudaDriver load(String library) throws LibraryLoadException {
    SharedLibrary driver = SharedLibrary.open(library);
    try (Arena arena = Arena.ofConfined()) {
      Calls calls = new Calls(driver, arena);
      calls.check("cuInit", (int) calls.bind("cuInit", JAVA_INT).invokeExact(0));
      MemorySegment number = arena.allocate(JAVA_INT);
      calls.check("cuDriverGetVersion", (int) calls.bind("cuDriverGetVersion", ADDRESS).invokeExact(number));
      int version = number.get(JAVA_INT, 0);
      calls.check("cuDeviceGetCount", (int) calls.bind("cuDeviceGetCount", ADDRESS).invokeExact(number));
      int count = number.get(JAVA_INT, 0);
      List<CudaDevice> devices = new ArrayList<>();
      for (int index = 0; index < count; index++) {
        devices.add(calls.device(index));
      }
      return new CudaDriver(library, version, devices);
    } catch (LibraryLoadException e) {
      throw e;
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** The file of the library, or its name if the loader does not say. */
  public String file() throws LibraryLoadException {
    return SharedLibrary.open(library).file("cuInit").map(Path::toString).orElse(library);
  }

  /** Path or name of the driver's library. */
  public static String nameOfLibrary() {
    return System.getProperty(LIBRARY_PROPERTY, LIBRARY);
  }

  /** The version as text, such as {@code 12.4}. */
  public String versionText() {
    return version / 1000 + "." + version % 1000 / 10;
  }

  private record Calls(SharedLibrary driver, Arena arena) {

    MethodHandle bind(String function, MemoryLayout... parameters) throws LibraryLoadException {
      return driver.function(function, FunctionDescriptor.of(JAVA_INT, parameters));
    }

    CudaDevice device(int index) throws Throwable {
      MemorySegment handle = arena.allocate(JAVA_INT);
      check("cuDeviceGet", (int) bind("cuDeviceGet", ADDRESS, JAVA_INT).invokeExact(handle, index));
      int device = handle.get(JAVA_INT, 0);
      MemorySegment name = arena.allocate(NAME_BYTES);
      check("cuDeviceGetName", (int) bind("cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT)
          .invokeExact(name, NAME_BYTES, device));
      MemorySegment bytes = arena.allocate(JAVA_LONG);
      check("cuDeviceTotalMem", (int) bind("cuDeviceTotalMem_v2", ADDRESS, JAVA_INT).invokeExact(bytes, device));
      Architecture architecture =
          new Architecture(attribute(COMPUTE_CAPABILITY_MAJOR, device), attribute(COMPUTE_CAPABILITY_MINOR, device));
      return new CudaDevice(index, name.getString(0), architecture, bytes.get(JAVA_LONG, 0));
    }

    private int attribute(int attribute, int device) throws Throwable {
      MemorySegment value = arena.allocate(JAVA_INT);
      check("cuDeviceGetAttribute",
          (int) bind("cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT).invokeExact(value, attribute, device));
      return value.get(JAVA_INT, 0);
    }

    void check(String call, int code) throws Throwable {
      if (code == 0) {
        return;
      }
      MemorySegment name = arena.allocate(CString.POINTER);
      int known = (int) bind("cuGetErrorName", JAVA_INT, ADDRESS).invokeExact(code, name);
      throw Failures.of(call, code, known == 0 ? CString.at(name) : "unknown");
    }
  }
}
