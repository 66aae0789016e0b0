package dev.temper.spi;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.diagnostics.Finding;
import java.util.List;

/** Opens the engines of one kind of device; found by {@link java.util.ServiceLoader}. Has a public constructor without arguments. */
public interface EngineProvider {

  /** Name of the device kind as users write it, such as {@code cpu}; an index may follow it as in {@code cuda:1}. */
  String device();

  /** Which engine {@code auto} prefers: the usable one with the highest rank. A negative rank is never taken by {@code auto}. */
  int rank();

  /** Whether an engine could be opened here, and why or why not. Never throws; loads what it must to know. */
  Availability availability();

  /**
   * What {@code temper doctor} shows beyond {@link #availability()}: libraries and tools, where they were found or every place
   * tried, with the reason. May take its time; never throws.
   */
  default List<Finding> findings() {
    return List.of();
  }

  /**
   * Opens an engine.
   *
   * @param index device number, 0 unless the user gave one
   * @throws IllegalArgumentException if there is no device of that number
   * @throws EngineUnavailableException if nothing of this kind is usable here
   */
  EngineBackend open(int index, EngineOptions options);
}
