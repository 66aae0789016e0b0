package dev.temper.cuda.driver;

import dev.temper.DeviceException;
import java.util.Locale;

/** Remedies for the driver's error codes. */
public final class Failures {

  /** {@code CUDA_ERROR_OUT_OF_MEMORY}. */
  private static final int OUT_OF_MEMORY = 2;

  private Failures() {}

  static DeviceException outOfMemory(String call, int code, String name, DriverMemory.Info memory) {
    return DeviceException.outOfMemory(call, code, name, String.format(Locale.ROOT,
        "%d of the device's %d bytes are free; free some, or use fewer rows at once", memory.free(), memory.total()));
  }

  /** Returns the exception for a failed call of the driver, with a remedy. */
  static DeviceException of(String call, int code, String name) {
    return code == OUT_OF_MEMORY
        ? DeviceException.outOfMemory(call, code, name, remedy(code))
        : new DeviceException(call, code, name, remedy(code));
  }

  /** Returns whether an error code means that machine code is damaged or for another device. */
  public static boolean isUnusableCode(int code) {
    return switch (code) {
      case 200, 209, 218, 222, 300 -> true;
      default -> false;
    };
  }

  /** Returns what a user can do about an error code, which is a {@code CUresult} of cuda.h. */
  static String remedy(int code) {
    return switch (code) {
      case OUT_OF_MEMORY -> "free memory of the device or of the host, or use fewer rows at once";
      case 3, 4 -> "the process is ending, or was forked after it used CUDA; use engines before that, in the process "
          + "that opened them";
      case 34 -> "libcuda.so.1 is the toolkit's stub, which has no driver behind it; take its folder out of "
          + "LD_LIBRARY_PATH";
      case 35, 803, 804 -> "the driver is too old for this device or does not match its kernel module; update it, or "
          + "restart the machine "
          + "after an update";
      case 46 -> "another process has the device for itself; end it, or set the compute mode back with nvidia-smi -c 0";
      case 100 ->
          "no device is visible; see whether nvidia-smi lists one, what CUDA_VISIBLE_DEVICES says, and whether a "
          + "container was started with its GPUs";
      case 101 -> "there is no device of that number; temper doctor lists them";
      case 200, 209, 218, 222, 300 -> "the code is not for this device or this driver; update the driver";
      case 201, 709 ->
          "the device was reset or its context destroyed by other code in this process; open the engine again";
      case 214 ->
          "the device's memory has an error that could not be corrected; look at nvidia-smi -q -d ECC, and reset or"
          + " replace the device";
      case 400 ->
          "a stream or other handle was destroyed, or belongs to another device; keep a borrowed stream until the "
          + "engine is closed";
      case 401 ->
          "the stream is captured already, or is not captured any more; begin and end a capture once, on one thread";
      case 600 -> "wait for the stream before reading the result";
      case 700, 714, 715, 716, 717, 718, 719 ->
          "a kernel of this launch or an earlier one failed, and this process cannot use the device any more; start "
          + "the process again, under compute-sanitizer to find the error";
      case 701 ->
          "the kernel needs more registers or shared memory than a block can have here; report it with temper "
          + "doctor's output";
      case 702 -> "the device is also used for a display, whose watchdog ended the kernel; use fewer rows at once";
      case 802 ->
          "the system is not ready, on machines with NVSwitch because the fabric manager does not run; start "
          + "nvidia-fabricmanager";
      case 900, 901, 904, 905, 906, 907, 908 ->
          "not possible while a stream is captured; run the loss once before the capture, read results after it, "
          + "and leave the legacy default stream alone meanwhile";
      case 912 -> "the device cannot run clusters of this size; report it with temper doctor's output";
      default -> "report it with temper doctor's output";
    };
  }
}
