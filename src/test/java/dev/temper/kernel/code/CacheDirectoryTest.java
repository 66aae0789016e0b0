package dev.temper.kernel.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the choice of the cache directory, and that no other user can write to it. */
final class CacheDirectoryTest extends CacheInFolder {

  @Test
  void directoryIsThePropertyElseXdgElseHome() {
    Map<String, String> xdg = Map.of("XDG_CACHE_HOME", "/x");
    assertThat(CacheDirectory.choose("/p/q", xdg, "/home/ann")).isEqualTo(Path.of("/p/q"));
    assertThat(CacheDirectory.choose(null, xdg, "/home/ann")).isEqualTo(Path.of("/x/temper"));
    assertThat(CacheDirectory.choose(null, Map.of("XDG_CACHE_HOME", "rel"), "/home/ann"))
        .isEqualTo(Path.of("/home/ann/.cache/temper"));
    assertThat(CacheDirectory.choose(null, Map.of(), "/home/ann")).isEqualTo(Path.of("/home/ann/.cache/temper"));
    assertThat(CacheDirectory.choose(null, Map.of(), "?")).isAbsolute().hasFileName("temper-cache");
  }

  @Test
  void directoryIsClosedToOthers() throws IOException {
    DiskCache.open(folder.resolve("parent/cache"), 1000);
    for (String made : List.of("parent", "parent/cache")) {
      assertThat(Files.getPosixFilePermissions(folder.resolve(made)))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }
  }

  @ParameterizedTest
  @CsvSource({"rwxrwxrwx,false", "rwxrwx---,false", "rwx----w-,false", "rwxr-xr-x,true", "rwx------,true"})
  void isOffInADirectoryThatOthersCanWrite(String mode, boolean on) throws IOException {
    Path directory = Files.createDirectory(folder.resolve("cache"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
    assertThat(cache().isOn()).isEqualTo(on);
    if (!on) {
      assertThat(cache().describe()).isEqualTo("off: " + directory + " can be written by other users");
    }
    assertThat(permissions()).as("the directory stays as it is").isEqualTo(mode);
  }

  @Test
  void isOffInAnothersDirectory() throws IOException {
    Path another = Files.createDirectory(folder.resolve("cache"));
    assumeTrue(owner(another) == 0, "did not run: only the system's administrator can give a directory away");
    Files.setAttribute(another, "unix:uid", 12_345);
    assertThat(cache().describe()).isEqualTo("off: " + another + " belongs to user 12345, not to this one");
  }

  @Test
  void isOffWhereNothingCanBeWritten() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    DiskCache cache = DiskCache.open(file.resolve("cache"), 1000);
    cache.write(KEY, bytes("code"));
    assertThat(cache.isOn()).isFalse();
    assertThat(cache.read(KEY)).isEmpty();
    assertThat(cache.describe()).startsWith("off: ").contains(file.toString());
  }

  @Test
  void isOffBehindASymbolicLink() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("cache"), Files.createDirectory(folder.resolve("elsewhere")));
    assertThat(DiskCache.open(link, 1000).describe()).startsWith("off: ").contains("symbolic link");
  }

  private String permissions() throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("cache")));
  }
}
