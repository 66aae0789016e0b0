package dev.temper.cuda.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.kernel.DiskCache;
import dev.temper.kernel.LibraryLoadException;
import dev.temper.kernel.SharedLibrary;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NvrtcSearchTest {

  private static final NvrtcJar NO_JAR = new NvrtcJar(ClassLoader.getPlatformClassLoader());

  @TempDir Path folder;

  @Test
  void placesAreTriedInTheStatedOrder() {
    Properties properties = new Properties();
    properties.setProperty(NvrtcSearch.LIBRARY_PROPERTY, "/own/libnvrtc.so.12");
    properties.setProperty(NvrtcSearch.WHEELS_PROPERTY, "/py/a" + File.pathSeparator + "/py/b");
    NvrtcSearch search = search(properties, Map.of("CUDA_HOME", "/cuda", "CUDA_PATH", "/path"));
    assertThat(search.candidates()).extracting(NvrtcSearch.Candidate::name).containsSubsequence(
        "/own/libnvrtc.so.12",
        "/cuda/lib64/libnvrtc.so.13", "/cuda/lib64/libnvrtc.so.12", "/cuda/lib/libnvrtc.so.12", "/path/lib64/libnvrtc.so.13",
        "libnvrtc.so.13", "libnvrtc.so.12",
        "/py/a/nvidia/cu13/lib/libnvrtc.so.13", "/py/a/nvidia/cuda_nvrtc/lib/libnvrtc.so.12", "/py/b/nvidia/cu13/lib/libnvrtc.so.13");
  }

  @Test
  void aFolderMayBeNamedInsteadOfTheLibrary() {
    Properties properties = new Properties();
    properties.setProperty(NvrtcSearch.LIBRARY_PROPERTY, folder.toString());
    assertThat(search(properties, Map.of()).candidates()).extracting(NvrtcSearch.Candidate::name)
        .startsWith(folder + "/libnvrtc.so.13", folder + "/libnvrtc.so.12");
  }

  @Test
  void findsTheWheelsAndTheToolkitOfThePath() throws IOException {
    Path wheel = file("env/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
    Path toolkit = file("opt/cuda-12.9/lib64/libnvrtc.so.12");
    assertThat(file("env/bin/python3").toFile().setExecutable(true)).isTrue();
    assertThat(file("opt/cuda-12.9/bin/nvcc").toFile().setExecutable(true)).isTrue();
    Files.createSymbolicLink(folder.resolve("env/bin/nvcc"), folder.resolve("opt/cuda-12.9/bin/nvcc"));
    assertThat(search(new Properties(), Map.of("PATH", "/nowhere" + File.pathSeparator + folder.resolve("env/bin"))).candidates())
        .extracting(NvrtcSearch.Candidate::name)
        .startsWith("libnvrtc.so.13", "libnvrtc.so.12").containsSubsequence(toolkit.toRealPath().toString(), wheel.toString());
  }

  private Path file(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, "");
  }

  @Test
  void everyTryIsToldWithTheLoadersReason() throws IOException {
    Path text = Files.writeString(folder.resolve("libnvrtc.so.12"), "not a library".repeat(100));
    Properties properties = new Properties();
    properties.setProperty(NvrtcSearch.LIBRARY_PROPERTY, text.toString());
    // A version of its own: the machine's NVRTC, or one that another test has loaded, would be found by its name.
    NvrtcSearch search = new NvrtcSearch(properties, Map.of("CUDA_HOME", "/nowhere"), List.of("libnvrtc.so.0"), NO_JAR);
    DiskCache cache = DiskCache.open(folder.resolve("cache"), 1000);
    assertThatThrownBy(() -> search.load(cache)).isInstanceOf(NvrtcMissingException.class)
        .hasMessageContaining("install a CUDA toolkit")
        .hasMessageContaining("property temper.nvrtc: " + text + ": ").hasMessageContaining("invalid ELF header")
        .hasMessageContaining("CUDA_HOME: /nowhere/lib64/libnvrtc.so.0: ")
        .hasMessageContaining("loader: libnvrtc.so.0: cannot open shared object file")
        .hasMessageContaining("jar: org.bytedeco:cuda-redist").hasMessageContaining("not on the class path");
  }

  @Test
  void aLibraryOfAnotherKindLacksItsFunctions() {
    assertThatThrownBy(() -> new Nvrtc(SharedLibrary.open("libc.so.6"))).isInstanceOf(LibraryLoadException.class)
        .hasMessageContaining("has no function nvrtcGetErrorString");
  }

  @Test
  void inputsChangeWithThePlaces() throws IOException {
    Properties properties = new Properties();
    properties.setProperty(NvrtcSearch.LIBRARY_PROPERTY, folder.toString());
    NvrtcSearch search = search(properties, Map.of());
    var before = search.inputs();
    assertThat(search.inputs()).isEqualTo(before);
    Files.writeString(folder.resolve("libnvrtc.so.12"), "new");
    assertThat(search.inputs()).isNotEqualTo(before);
    assertThat(search(properties, Map.of("CUDA_HOME", "/cuda")).inputs()).isNotEqualTo(search.inputs());
  }

  @Test
  void openedLibraryKnowsItsFile() throws LibraryLoadException {
    assertThat(SharedLibrary.open("libc.so.6").file("strlen")).hasValueSatisfying(file -> assertThat(file).isAbsolute().exists());
  }

  private static NvrtcSearch search(Properties properties, Map<String, String> environment) {
    return new NvrtcSearch(properties, environment, NvrtcSearch.NAMES, NO_JAR);
  }
}
