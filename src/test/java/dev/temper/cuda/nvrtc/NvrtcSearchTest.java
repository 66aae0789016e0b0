package dev.temper.cuda.nvrtc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.cuda.toolkit.LibraryPlaces;
import dev.temper.ffm.LibraryLoadException;
import dev.temper.ffm.SharedLibrary;
import dev.temper.kernel.code.DiskCache;
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
    properties.setProperty(NvrtcPlaces.LIBRARY_PROPERTY, "/own/libnvrtc.so.12");
    properties.setProperty(NvrtcPlaces.WHEELS_PROPERTY, "/py/a" + File.pathSeparator + "/py/b");
    assertThat(names(places(properties, Map.of("CUDA_HOME", "/cuda", "CUDA_PATH", "/path")).served()))
        .containsSubsequence(
        "/own/libnvrtc.so.12",
        "/cuda/lib64/libnvrtc.so.13", "/cuda/lib64/libnvrtc.so.12", "/cuda/lib/libnvrtc.so.12",
        "/path/lib64/libnvrtc.so.13",
        "libnvrtc.so.13", "libnvrtc.so.12",
        "/py/a/nvidia/cu13/lib/libnvrtc.so.13", "/py/a/nvidia/cuda_nvrtc/lib/libnvrtc.so.12",
        "/py/b/nvidia/cu13/lib/libnvrtc.so.13");
  }

  @Test
  void aFolderMayBeNamedInsteadOfTheLibrary() {
    assertThat(names(places(named(folder.toString()), Map.of()).served()))
        .startsWith(folder + "/libnvrtc.so.13", folder + "/libnvrtc.so.12");
  }

  @Test
  void whatADriverDoesNotServeComesLast() {
    NvrtcPlaces places = new NvrtcPlaces(new Properties(), Map.of("CUDA_HOME", "/cuda"), NvrtcPlaces.NAMES, 12_090);
    assertThat(names(places.served())).contains("/cuda/lib64/libnvrtc.so.12", "libnvrtc.so.12")
        .noneMatch(name -> name.endsWith("13"));
    assertThat(names(places.later())).startsWith("/cuda/lib64/libnvrtc.so.13").contains("libnvrtc.so.13")
        .noneMatch(name -> name.endsWith("12"));
    NvrtcPlaces next = new NvrtcPlaces(new Properties(), Map.of("CUDA_HOME", "/cuda"), NvrtcPlaces.NAMES, 13_000);
    assertThat(names(next.served())).startsWith("/cuda/lib64/libnvrtc.so.13", "/cuda/lib64/libnvrtc.so.12");
    assertThat(next.later()).isEmpty();
  }

  @Test
  void aVersionThatTheDriverMayRejectIsReported() {
    NvrtcPlaces places = new NvrtcPlaces(new Properties(), Map.of(), NvrtcPlaces.NAMES, 12_040);
    assertThat(places.doubts(12)).isEmpty();
    assertThat(places.doubts(13)).isEqualTo(
        "; the driver supports CUDA 12.4 and may reject its code: install NVRTC 12, or update the driver");
  }

  @Test
  void aLibraryThatTheUserNamesIsTakenWhateverTheDriverServes() {
    for (String library : List.of("/own/libnvrtc.so.13", "/own/libnvrtc.so", "/own/mine")) {
      assertThat(names(new NvrtcPlaces(named(library), Map.of(), NvrtcPlaces.NAMES, 12_040).served()))
          .startsWith(library);
    }
  }

  @Test
  void findsTheWheelsAndTheToolkitOfThePath() throws IOException {
    Path wheel = file("env/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
    Path toolkit = file("opt/cuda-12.9/lib64/libnvrtc.so.12");
    assertThat(file("env/bin/python3").toFile().setExecutable(true)).isTrue();
    assertThat(file("opt/cuda-12.9/bin/nvcc").toFile().setExecutable(true)).isTrue();
    Files.createSymbolicLink(folder.resolve("env/bin/nvcc"), folder.resolve("opt/cuda-12.9/bin/nvcc"));
    assertThat(names(places(new Properties(),
        Map.of("PATH", "/nowhere" + File.pathSeparator + folder.resolve("env/bin"))).served()))
        .startsWith("libnvrtc.so.13", "libnvrtc.so.12")
        .containsSubsequence(toolkit.toRealPath().toString(), wheel.toString());
  }

  @Test
  void findsTheWheelsOfAnEnvironmentThatThePathLinksTo() throws IOException {
    Path wheel = file("env/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
    Path system = file("usr/bin/python3.12");
    assertThat(system.toFile().setExecutable(true)).isTrue();
    Files.createDirectories(folder.resolve("env/bin"));
    Files.createSymbolicLink(folder.resolve("env/bin/python3"), system);
    Files.createDirectories(folder.resolve("local/bin"));
    Files.createSymbolicLink(folder.resolve("local/bin/python3"), Path.of("../../env/bin/python3"));
    assertThat(names(places(new Properties(), Map.of("PATH", folder.resolve("local/bin").toString())).served()))
        .contains(wheel.toString());
  }

  /** The versions do not exist, so that the loader's own search finds none. */
  @Test
  void theVersionThatTheDriverServesIsLoadedFromALaterPlace() throws Exception {
    fake("cuda/lib64/libnvrtc.so.93", 93);
    fake("path/lib64/libnvrtc.so.92", 92);
    String cuda = folder.resolve("cuda").toString();
    Map<String, String> both = Map.of("CUDA_HOME", cuda, "CUDA_PATH", folder.resolve("path").toString());
    assertThat(found(both, 92_090)).isEqualTo("92.0 by CUDA_PATH");
    assertThat(found(both, 93_010)).isEqualTo("93.0 by CUDA_HOME");
    assertThat(found(Map.of("CUDA_HOME", cuda), 92_090)).as("where there is no other").isEqualTo("93.0 by CUDA_HOME");
  }

  /** The library that is found, which the cache then holds, also if it comes from the last places. */
  private String found(Map<String, String> environment, int driverVersion) {
    NvrtcPlaces places = new NvrtcPlaces(new Properties(), environment, List.of("libnvrtc.so.93", "libnvrtc.so.92"),
        driverVersion);
    DiskCache cache = DiskCache.open(folder.resolve("cache"), 1 << 20);
    NvrtcIdentity identity = new NvrtcSearch(places, NO_JAR).load(cache).identity();
    assertThat(new NvrtcSearch(places, NO_JAR).cached(cache)).contains(identity);
    return identity.version() + " by " + identity.source();
  }

  private void fake(String name, int major) throws IOException, InterruptedException {
    Path library = folder.resolve(name);
    Files.createDirectories(library.getParent());
    StringBuilder source = new StringBuilder("int nvrtcVersion(int* a, int* b) { *a = " + major
        + "; *b = 0; return 0; }\n"
        + "int nvrtcGetNumSupportedArchs(int* n) { *n = 1; return 0; }\nint nvrtcGetSupportedArchs(int* n) { *n = 90; "
        + "return 0; }\n");
    for (String function : List.of("GetErrorString", "CreateProgram", "DestroyProgram", "CompileProgram",
        "GetProgramLogSize",
        "GetProgramLog", "GetCUBINSize", "GetCUBIN", "GetPTXSize", "GetPTX")) {
      source.append("int nvrtc").append(function).append("(void) { return 1; }\n");
    }
    Path code = Files.writeString(folder.resolve("nvrtc" + major + ".c"), source);
    Process compiler = new ProcessBuilder(System.getenv().getOrDefault("CC", "cc"), "-shared", "-fPIC", code.toString(),
        "-o",
        library.toString()).inheritIO().start();
    assertThat(compiler.waitFor()).isZero();
  }

  private Path file(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, "");
  }

  @Test
  void everyAttemptIsReportedWithTheLoadersReason() throws IOException {
    Path text = Files.writeString(folder.resolve("libnvrtc.so.12"), "not a library".repeat(100));
    // The versions do not exist: the loader would find the machine's NVRTC, or one that another test has loaded.
    NvrtcSearch search = new NvrtcSearch(new NvrtcPlaces(named(text.toString()), Map.of("CUDA_HOME", "/nowhere"),
        List.of("libnvrtc.so.99", "libnvrtc.so.0"), 12_040), NO_JAR);
    DiskCache cache = DiskCache.open(folder.resolve("cache"), 1000);
    assertThatThrownBy(() -> search.load(cache)).isInstanceOf(NvrtcMissingException.class)
        .hasMessageContaining("install a CUDA toolkit")
        .hasMessageContaining("property temper.nvrtc: " + text + ": ").hasMessageContaining("invalid ELF header")
        .hasMessageContaining("CUDA_HOME: /nowhere/lib64/libnvrtc.so.0: ")
        .hasMessageContaining("loader: libnvrtc.so.0: cannot open shared object file")
        .hasMessageContaining("jar: org.bytedeco:cuda-redist").hasMessageContaining("not on the class path")
        .hasMessageContaining("loader: libnvrtc.so.99: cannot open shared object file");
  }

  @Test
  void aLibraryOfAnotherKindLacksItsFunctions() {
    assertThatThrownBy(() -> new Nvrtc(SharedLibrary.open("libc.so.6"))).isInstanceOf(LibraryLoadException.class)
        .hasMessageContaining("has no function nvrtcGetErrorString");
  }

  @Test
  void theKeyChangesWithThePlacesAndTheDriver() throws IOException {
    Properties properties = named(folder.toString());
    var before = places(properties, Map.of()).key().build();
    assertThat(places(properties, Map.of()).key().build()).isEqualTo(before);
    assertThat(new NvrtcPlaces(properties, Map.of(), NvrtcPlaces.NAMES, 12_040).key().build()).isNotEqualTo(before);
    assertThat(places(properties, Map.of("CUDA_HOME", "/cuda")).key().build()).isNotEqualTo(before);
    Files.writeString(folder.resolve("libnvrtc.so.12"), "new");
    assertThat(places(properties, Map.of()).key().build()).isNotEqualTo(before);
  }

  private static Properties named(String library) {
    Properties properties = new Properties();
    properties.setProperty(NvrtcPlaces.LIBRARY_PROPERTY, library);
    return properties;
  }

  private static NvrtcPlaces places(Properties properties, Map<String, String> environment) {
    return new NvrtcPlaces(properties, environment, NvrtcPlaces.NAMES, NvrtcPlaces.ANY_DRIVER);
  }

  private static List<String> names(List<LibraryPlaces.Place> places) {
    return places.stream().map(LibraryPlaces.Place::name).toList();
  }
}
