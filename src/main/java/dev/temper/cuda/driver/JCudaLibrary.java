package dev.temper.cuda.driver;

import dev.temper.DeviceException;
import dev.temper.EngineUnavailableException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** JCuda's native library, loaded once per process and from a place that nobody else can write to. */
public final class JCudaLibrary {

  private static final String TEMPORARY = "java.io.tmpdir";

  private static final FileAttribute<Set<PosixFilePermission>> OWN_ALONE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final AtomicBoolean LOADED = new AtomicBoolean();

  private JCudaLibrary() {}

  /**
   * Loads it and initialises the driver, which must have been asked before. JCuda unpacks its library under a fixed name in the
   * temporary folder that all users share, and loads what lies there: so it is given an empty folder of this user's.
   *
   * @throws EngineUnavailableException if there is none for this platform, or it does not load
   */
  public static void load() {
    synchronized (LOADED) {
      if (LOADED.get()) {
        return;
      }
      try {
        // Made in one step or not at all. Random names would take this process's first secure random numbers, some 10 ms.
        Path own = Files.createDirectory(Path.of(System.getProperty(TEMPORARY), "temper-jcuda-" + System.nanoTime()), OWN_ALONE);
        String shared = System.setProperty(TEMPORARY, own.toString());
        try {
          Driver.initialise();
          LOADED.set(true);
        } finally {
          System.setProperty(TEMPORARY, shared);
          delete(own.toFile());
        }
      } catch (IOException e) {
        throw new EngineUnavailableException("no CUDA: JCuda's library needs a temporary folder: " + e);
      } catch (DeviceException e) {
        throw new EngineUnavailableException("no CUDA: " + e.getMessage());
      } catch (LinkageError e) {
        String everything = String.valueOf(e.getMessage());
        throw new EngineUnavailableException("no CUDA: JCuda's library does not load: "
            + everything.lines().filter(line -> line.contains("Error:")).findFirst().orElse(everything));
      }
    }
  }

  /** Loaded code needs no file. */
  private static void delete(File folder) throws IOException {
    File[] files = folder.listFiles();
    for (File file : files == null ? new File[0] : files) {
      Files.delete(file.toPath());
    }
    Files.delete(folder.toPath());
  }
}
