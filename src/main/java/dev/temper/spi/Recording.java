package dev.temper.spi;

/** A CUDA graph of an engine's work. */
public interface Recording extends AutoCloseable {

  /** Submits the recorded work once more. */
  void run();

  @Override
  void close();
}
