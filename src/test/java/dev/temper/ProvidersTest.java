package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.diagnostics.Finding;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.EngineProvider;
import dev.temper.spi.EngineProviders;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests third-party providers, both working and failing, in a separate JVM. Another JVM denies native access. */
class ProvidersTest {

  private static final List<String> PROVIDERS = List.of(Acme.class.getName(), FailsToLoad.class.getName(),
      FailsWhenQueried.class.getName(), FailsToOpen.class.getName(), "com.acme.IsNotThere");

  @TempDir private Path folder;

  @BeforeEach
  void registerProviders() throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.write(services.resolve(EngineProvider.class.getName()), PROVIDERS);
  }

  @Test
  void anyNameThatAProviderAnswersToIsOpened() throws Exception {
    String out = run("--enable-native-access=ALL-UNNAMED", folder.toString());
    assertThat(out).contains("device acme: yes, rented by the hour");
    assertThat(out).contains("opened acme: the engine of acme").contains("opened acme:3: the engine of acme");
    assertThat(out).contains("refused acem: unknown device 'acem' (did you mean 'acme'?); known: auto, ");
  }

  @Test
  void aProviderThatThrowsIsUnavailableAndHidesNoOther() throws Exception {
    String out = run("--enable-native-access=ALL-UNNAMED", folder.toString());
    assertThat(out).contains("device reference: yes").contains("opened reference: reference (f64");
    assertThat(out).contains("device " + FailsToLoad.class.getName() + ": no, ")
        .contains("UnsatisfiedLinkError: no acme in the path");
    assertThat(out).contains("device fails-when-queried: no, fails-when-queried cannot be used, because its provider "
        + "failed with java.lang.IllegalCallerException: not from here");
    assertThat(out).contains("com.acme.IsNotThere not found");
    assertThat(out).contains("finding fails-when-queried: fails-when-queried cannot be used, because its provider "
        + "failed with java.lang.StackOverflowError");
    assertThat(out).contains("refused fails-to-open: fails-to-open cannot be used, because its provider failed with "
        + "java.lang.NoClassDefFoundError: com/acme/Driver");
    assertThat(out).contains("opened auto: ").doesNotContain("refused auto");
  }

  @Test
  void whereNativeAccessIsDeniedTheReferenceWorksAndTheOthersNameTheOption() throws Exception {
    String out = run("--illegal-native-access=deny");
    assertThat(out).contains("device reference: yes").contains("opened reference: reference (f64")
        .contains("opened auto: reference (f64");
    for (String device : List.of("cpu", "cuda", "emulator")) {
      assertThat(out).containsPattern("device " + device + ": no, .*--enable-native-access=ALL-UNNAMED");
      assertThat(out).containsPattern("refused " + device + ": .*--enable-native-access=ALL-UNNAMED");
    }
    assertThat(out).doesNotContain("its provider failed");
  }

  /** Runs the process with a native access option of the JVM, and with the providers of a folder if one is given. */
  private static String run(String access, String... folders) throws IOException, InterruptedException {
    String classes = String.join(File.pathSeparator, folders) + File.pathSeparator
        + System.getProperty("java.class.path");
    return JavaProcess.run(ProviderProcess.class, List.of(access, "-cp", classes));
  }

  /** Prints the availability of each device and the result of opening it. */
  static final class ProviderProcess {
    private ProviderProcess() {}

    public static void main(String[] args) {
      LossEngine.devices().forEach((device, availability) -> System.out.println(
          "device " + device + ": " + (availability.usable() ? "yes" : "no") + ", " + availability.description()));
      EngineProviders.list().forEach(provider -> provider.findings().forEach(
          finding -> System.out.println("finding " + finding.subject() + ": " + finding.result())));
      for (String device : List.of("auto", "reference", "cpu", "cuda", "emulator", "acme", "acme:3", "acem",
          "fails-to-open")) {
        try (LossEngine engine = LossEngine.open(device)) {
          System.out.println("opened " + device + ": " + engine.describe());
        } catch (IllegalArgumentException | EngineUnavailableException e) {
          System.out.println("refused " + device + ": " + e.getMessage());
        }
      }
    }
  }

  /** Provides a device whose name is not known to the library. */
  public static class Acme implements EngineProvider {
    @Override
    public String device() {
      return "acme";
    }

    @Override
    public int rank() {
      return -1;
    }

    @Override
    public Availability availability() {
      return Availability.usable("rented by the hour");
    }

    @Override
    public EngineBackend open(int index, EngineOptions options) {
      return new NamedBackend("the engine of " + device());
    }
  }

  /** Fails in its static initialiser. */
  public static final class FailsToLoad extends Acme {
    static {
      load();
    }

    private static void load() {
      throw new UnsatisfiedLinkError("no acme in the path");
    }
  }

  /** Throws an exception from {@code availability} and an Error from {@code findings}. */
  public static final class FailsWhenQueried extends Acme {
    @Override
    public String device() {
      return "fails-when-queried";
    }

    @Override
    public Availability availability() {
      throw new IllegalStateException("wrapped", new IllegalCallerException("not from here"));
    }

    @Override
    public List<Finding> findings() {
      throw new StackOverflowError();
    }
  }

  /** Reports a usable device, fails to open it, and has the highest rank. */
  public static final class FailsToOpen extends Acme {
    @Override
    public String device() {
      return "fails-to-open";
    }

    @Override
    public int rank() {
      return 1000;
    }

    @Override
    public EngineBackend open(int index, EngineOptions options) {
      throw new NoClassDefFoundError("com/acme/Driver");
    }
  }

  /** Has a name and computes nothing. */
  private static final class NamedBackend extends LossBackend {
    NamedBackend(String name) {
      super(name);
    }

    @Override
    public Support supports(LossCall call) {
      return Support.no("it computes nothing");
    }

    @Override
    public LossResult compute(LossCall call) {
      throw new UnsupportedOperationException(describe());
    }
  }
}
