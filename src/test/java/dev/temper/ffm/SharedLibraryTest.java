package dev.temper.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.JavaProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SharedLibraryTest {

  @TempDir Path folder;

  @Test
  void theLoadersReasonIsQuoted() throws IOException {
    assertThatThrownBy(() -> SharedLibrary.open("libtemper-absent.so")).isInstanceOf(LibraryLoadException.class)
        .hasMessage("libtemper-absent.so: cannot open shared object file: No such file or directory");
    Path text = Files.writeString(folder.resolve("text.so"), "not a library".repeat(100));
    assertThatThrownBy(() -> SharedLibrary.open(text.toString())).isInstanceOf(LibraryLoadException.class)
        .hasMessage(text + ": invalid ELF header");
    assertThatThrownBy(() -> SharedLibrary.openGlobal(text.toString())).isInstanceOf(LibraryLoadException.class)
        .hasMessage(text + ": invalid ELF header");
  }

  @Test
  void anAbsentFunctionIsNamed() throws LibraryLoadException {
    SharedLibrary library = SharedLibrary.open("libc.so.6");
    assertThatThrownBy(() -> library.address("temper_absent")).isInstanceOf(LibraryLoadException.class)
        .hasMessage("libc.so.6 has no function temper_absent");
  }

  @Test
  void theFileOfALibraryIsFound() throws LibraryLoadException {
    assertThat(SharedLibrary.open("libc.so.6").file("strlen"))
        .hasValueSatisfying(file -> assertThat(file).isAbsolute().exists());
  }

  /** Tests in a new process, because a process cannot revoke its native access. */
  @Test
  void whereNativeAccessIsDeniedTheFlagIsNamed() throws IOException, InterruptedException {
    assertThat(JavaProcess.run(Denied.class, List.of("--illegal-native-access=deny")).strip())
        .isEqualTo("Java denies this code native access; start it with --enable-native-access=ALL-UNNAMED");
  }

  /** Prints the reason why libc does not load. */
  static final class Denied {
    private Denied() {}

    public static void main(String[] arguments) {
      try {
        SharedLibrary.open("libc.so.6");
      } catch (LibraryLoadException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
