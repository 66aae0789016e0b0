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

/** JCuda's native libraries, each loaded once per process, from a folder that no other user can write to. */
public final class JCudaLibrary {

  private static final String TEMPORARY = "java.io.tmpdir";

  private static final FileAttribute<Set<PosixFilePermission>> OWN_ALONE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final AtomicBoolean LOADED = new AtomicBoolean();

  private JCudaLibrary() {}

  /**
   * Loads the library and initialises the driver; {@link CudaDriver#load} must be called before.
   *
   * @throws EngineUnavailableException if JCuda has no library for this platform, or it does not load
   */
  public static void load() {
    synchronized (LOADED) {
      if (LOADED.get()) {
        return;
      }
      try {
        extract(Driver::initialise);
        LOADED.set(true);
      } catch (IOException e) {
        throw new EngineUnavailableException("no CUDA: JCuda's library needs a temporary folder: " + e);
      } catch (DeviceException e) {
        throw new EngineUnavailableException("no CUDA: " + e.getMessage());
      } catch (LinkageError e) {
        throw new EngineUnavailableException("no CUDA: JCuda's library does not load: " + reason(e));
      }
    }
  }

  /**
   * Runs code that loads one of JCuda's libraries.
   *
   * <p>Hazard: JCuda extracts a library under a fixed name to the temporary folder, which all users share, and loads a
   * file that is already there. Another user could place a library there. A new folder that only this user can write
   * to prevents it.
   *
   * @throws IOException if the folder cannot be made
   */
  public static void extract(Runnable load) throws IOException {
    synchronized (LOADED) {
      // The call fails if the folder exists. A random name would need the first secure random number of the process,
      // which takes 10 ms.
      Path own = Files.createDirectory(Path.of(System.getProperty(TEMPORARY), "temper-jcuda-" + System.nanoTime()),
          OWN_ALONE);
      String shared = System.setProperty(TEMPORARY, own.toString());
      try {
        load.run();
      } finally {
        System.setProperty(TEMPORARY, shared);
        delete(own.toFile());
      }
    }
  }

  /** The line of JCuda's long message that holds the loader's reason. */
  public static String reason(LinkageError error) {
    String everything = String.valueOf(error.getMessage());
    return everything.lines().filter(line -> line.contains("Error:")).findFirst().orElse(everything);
  }

  /** Deletes the folder; the library stays loaded without its file. */
  private static void delete(File folder) throws IOException {
    File[] files = folder.listFiles();
    for (File file : files == null ? new File[0] : files) {
      Files.delete(file.toPath());
    }
    Files.delete(folder.toPath());
  }
}
