package dev.temper.spi;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.diagnostics.Finding;
import java.util.List;

/**
 * Opens the engines of one kind of device. A {@link java.util.ServiceLoader} finds the provider, which needs a public
 * constructor without arguments.
 */
public interface EngineProvider {

  /** Returns the name of the device kind, such as {@code cpu}. Users may add an index, as in {@code cuda:1}. */
  String device();

  /**
   * Returns the rank. The device {@code auto} is the usable engine with the highest rank of 0 or more, so an engine of
   * a negative rank must be opened by name.
   */
  int rank();

  /**
   * Returns whether an engine can be opened here, with the reason. The method never throws and may load native
   * libraries.
   */
  Availability availability();

  /**
   * Returns the findings that {@code temper doctor} shows beside {@link #availability()}: libraries and tools, and the
   * places where they were found or searched. The method may be slow and never throws.
   */
  default List<Finding> findings() {
    return List.of();
  }

  /**
   * Opens an engine.
   *
   * @param index device number; 0 if the user gave none
   * @throws IllegalArgumentException if no device has that number
   * @throws EngineUnavailableException if no device of this kind is usable here
   */
  EngineBackend open(int index, EngineOptions options);
}
