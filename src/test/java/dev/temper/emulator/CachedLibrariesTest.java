package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.kernel.code.DiskCache;
import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.spec.BatchKernel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that a kernel is compiled again if its cache entry has the right key and checksum, but its content is not a
 * library.
 */
final class CachedLibrariesTest {

  @TempDir Path folder;

  @BeforeEach
  void aCompiler() {
    Emulator.assumeUsable();
  }

  @Test
  void whatDoesNotLoadIsCompiledAgainAndReplaced() throws IOException {
    assertThat(kernels().load(BatchKernel.CHECK)).isNotNull();
    List<byte[]> compiled = entries();
    assertThat(compiled).as("the runtime and the kernel").hasSize(2);
    for (Path entry : files()) {
      Files.write(entry, withContent(Files.readAllBytes(entry), new byte[100]));
    }
    assertThat(kernels().load(BatchKernel.CHECK)).isNotNull();
    assertThat(entries()).extracting(bytes -> bytes.length).containsExactlyElementsOf(
        compiled.stream().map(bytes -> bytes.length).toList());
  }

  /** An entry is its checksum, the key's length, the key and the content. */
  private static byte[] withContent(byte[] entry, byte[] content) {
    int head = 2 * Integer.BYTES + ByteBuffer.wrap(entry).getInt(Integer.BYTES);
    ByteBuffer changed = ByteBuffer.allocate(head + content.length).put(entry, 0, head).put(content);
    CRC32C checksum = new CRC32C();
    checksum.update(changed.array(), Integer.BYTES, changed.capacity() - Integer.BYTES);
    return changed.putInt(0, (int) checksum.getValue()).array();
  }

  private HostKernels kernels() {
    return new HostKernels(HostCompiler.find(System.getenv()), HostBuild.PLAIN, HostRuntime.load(), KernelSource::load,
        DiskCache.open(folder.resolve("cache"), 1 << 26));
  }

  private List<byte[]> entries() throws IOException {
    return files().stream().map(CachedLibrariesTest::read).toList();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      return files.sorted().toList();
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
