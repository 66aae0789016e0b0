package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.EngineUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCompilerTest {

  @TempDir private Path folder;

  @Test
  void saysWhatItLookedFor() {
    assertThatThrownBy(() -> HostCompiler.find(Map.of("PATH", folder.toString())))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageStartingWith("no C++ compiler: looked for g++, clang++, c++ on the path");
  }

  @Test
  void takesTheOneThatIsNamed() throws IOException {
    Path compiler = program("echo my compiler 1.0\necho more");
    assertThat(HostCompiler.find(Map.of("PATH", folder.toString(), "CXX", "mycxx")))
        .isEqualTo(new HostCompiler(compiler, "my compiler 1.0"));
  }

  @Test
  void showsWhatAFailingCompilerSaid() throws IOException {
    HostCompiler compiler = new HostCompiler(program("echo no such register >&2; exit 4"), "1.0");
    assertThatThrownBy(() -> compiler.compile(folder, List.of("unit.cpp")))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageContaining("status 4").hasMessageContaining("unit.cpp").hasMessageContaining("no such register");
  }

  private Path program(String script) throws IOException {
    Path program = Files.writeString(folder.resolve("mycxx"), "#!/bin/sh\n" + script + "\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    return program;
  }
}
