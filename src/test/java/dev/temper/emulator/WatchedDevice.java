package dev.temper.emulator;

import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.spec.Specialisation;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A device that reports calls to watchers before it delegates them, and may reduce grids. */
final class WatchedDevice implements InvocationHandler {

  private final KernelDevice device;
  private final long mostGroups;
  private final List<Watcher> watchers;

  private WatchedDevice(KernelDevice device, long mostGroups, List<Watcher> watchers) {
    this.device = device;
    this.mostGroups = mostGroups;
    this.watchers = watchers;
  }

  /** A device whose grids have at most that many clusters, so that a thread group processes several rows. */
  static KernelDevice of(KernelDevice device, long mostGroups, List<Watcher> watchers) {
    return (KernelDevice) Proxy.newProxyInstance(
        WatchedDevice.class.getClassLoader(), new Class<?>[] {KernelDevice.class},
        new WatchedDevice(device, mostGroups, watchers));
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
    Object[] given = arguments == null ? new Object[0] : arguments.clone();
    if (method.getName().equals("prepare")) {
      int cluster = ((Specialisation) given[0]).cluster();
      given[3] = Math.min((long) given[3] / cluster, mostGroups) * cluster;
    }
    Object result;
    try {
      result = method.invoke(device, given);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
    return reported(method.getName(), given, result);
  }

  private @Nullable Object reported(String method, Object[] given, @Nullable Object result) {
    if (method.equals("free")) {
      watchers.forEach(watcher -> watcher.freed((long) given[0]));
    }
    return switch (result) {
      case Long address when method.equals("allocate") -> {
        watchers.forEach(watcher -> watcher.allocated(address, (long) given[0]));
        yield address;
      }
      case ResultSlot slot -> {
        watchers.forEach(watcher -> watcher.allocated(slot.address(), (int) given[0]));
        yield new Watched(slot, watchers);
      }
      case OptionalLong address when method.equals("addressOf") && address.isPresent() -> {
        watchers.forEach(watcher -> watcher.placed((MemorySegment) given[0]));
        yield address;
      }
      case KernelLaunch launch when method.equals("prepare") -> {
        KernelLaunch watched = launch;
        for (Watcher watcher : watchers) {
          watched = watcher.prepared((Specialisation) given[0], watched);
        }
        yield watched;
      }
      case null, default -> result;
    };
  }

  private record Watched(ResultSlot slot, List<Watcher> watchers) implements ResultSlot {

    @Override
    public long address() {
      return slot.address();
    }

    @Override
    public void recordEvent() {
      slot.recordEvent();
    }

    @Override
    public MemorySegment await() {
      return slot.await();
    }

    @Override
    public void close() {
      watchers.forEach(watcher -> watcher.freed(slot.address()));
      slot.close();
    }
  }
}
