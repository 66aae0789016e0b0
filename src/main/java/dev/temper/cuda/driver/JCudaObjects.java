package dev.temper.cuda.driver;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import jcuda.NativePointerObject;

/**
 * Reads and sets the handle or address in an object of JCuda. JCuda has no setter for it, but borrowed streams and
 * device addresses are numbers here.
 */
public final class JCudaObjects {

  private static final VarHandle HANDLE = handleField();

  private JCudaObjects() {}

  public static long handle(NativePointerObject object) {
    return (long) HANDLE.get(object);
  }

  /** Sets the handle and returns the object. */
  public static <T extends NativePointerObject> T with(T object, long handle) {
    HANDLE.set((NativePointerObject) object, handle);
    return object;
  }

  private static VarHandle handleField() {
    try {
      return MethodHandles.privateLookupIn(NativePointerObject.class, MethodHandles.lookup())
          .findVarHandle(NativePointerObject.class, "nativePointer", long.class);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("JCuda has another version than this library needs, expected 12.6.0: "
          + e.getMessage(), e);
    }
  }
}
