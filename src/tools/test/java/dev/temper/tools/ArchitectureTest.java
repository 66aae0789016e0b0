package dev.temper.tools;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import dev.temper.LossEngine;
import dev.temper.PreparedLoss;
import dev.temper.internal.AtomicFile;
import dev.temper.internal.HostMemory;
import dev.temper.internal.Names;
import dev.temper.internal.Shapes;
import dev.temper.internal.TemporaryFiles;
import dev.temper.internal.TrustedFiles;
import dev.temper.reference.ReferenceRow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tests which package may call which. Two tables hold the permitted calls; the other tests limit the use of single
 * classes and libraries.
 */
final class ArchitectureTest {

  /** From the Maven phase package on, the fixtures are in a jar, which {@code DoNotIncludeTests} does not recognise. */
  private static final JavaClasses CLASSES = new ClassFileImporter()
      .withImportOption(new DoNotIncludeTests())
      .withImportOption(location -> !location.contains("-tests.jar"))
      .importPackages("dev.temper");

  /** Classes that every package may call: names, and checks on numbers and files, which use no type of the API. */
  private static final DescribedPredicate<JavaClass> LEAVES =
      belongToAnyOf(Names.class, Shapes.class, HostMemory.class, TrustedFiles.class, TemporaryFiles.class,
          AtomicFile.class);

  /** A package, and the other packages that it may call, as its package-info states. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(delimiter = '|', textBlock = """
      dev.temper               | dev.temper.diagnostics, dev.temper.spi, dev.temper.internal, dev.temper.head
      dev.temper.internal      | dev.temper, dev.temper.spi
      dev.temper.diagnostics   | dev.temper
      dev.temper.ffm           |
      dev.temper.spi           | dev.temper, dev.temper.diagnostics
      dev.temper.spi.layout    | dev.temper, dev.temper.spi
      dev.temper.io            | dev.temper
      dev.temper.head          | dev.temper, dev.temper.spi
      dev.temper.reference..   | dev.temper, dev.temper.spi
      dev.temper.cpu           | dev.temper, dev.temper.diagnostics, dev.temper.spi.., dev.temper.ffm, \
      dev.temper.cpu.blas
      dev.temper.cpu.blas      | dev.temper, dev.temper.spi, dev.temper.ffm
      dev.temper.kernel.plan   |
      dev.temper.kernel.spec   | dev.temper, dev.temper.spi.., dev.temper.kernel.plan
      dev.temper.kernel.code   |
      dev.temper.kernel.device | dev.temper, dev.temper.diagnostics, dev.temper.spi, dev.temper.kernel.spec, \
      dev.temper.kernel.plan
      dev.temper.kernel.tune   | dev.temper, dev.temper.diagnostics, dev.temper.kernel.spec, \
      dev.temper.kernel.plan, dev.temper.kernel.code, dev.temper.kernel.device
      dev.temper.kernel.probe  | dev.temper.diagnostics, dev.temper.kernel.spec, dev.temper.kernel.plan, \
      dev.temper.kernel.device
      dev.temper.kernel.run    | dev.temper, dev.temper.diagnostics, dev.temper.spi.., dev.temper.kernel.spec, \
      dev.temper.kernel.plan, \
      dev.temper.kernel.device, dev.temper.kernel.probe, dev.temper.kernel.tune
      dev.temper.emulator..    | dev.temper, dev.temper.diagnostics, dev.temper.spi, dev.temper.ffm, dev.temper.kernel..
      dev.temper.cuda.driver   | dev.temper, dev.temper.diagnostics, dev.temper.ffm, dev.temper.kernel..
      dev.temper.cuda.toolkit  |
      dev.temper.cuda.nvrtc    | dev.temper, dev.temper.ffm, dev.temper.kernel.spec, dev.temper.kernel.plan, \
      dev.temper.kernel.code, dev.temper.cuda.toolkit
      dev.temper.cuda.cublas   | dev.temper, dev.temper.diagnostics, dev.temper.spi, dev.temper.ffm, \
      dev.temper.kernel.device, dev.temper.cuda.driver, dev.temper.cuda.toolkit
      dev.temper.cuda          | dev.temper, dev.temper.diagnostics, dev.temper.spi, dev.temper.ffm, \
      dev.temper.kernel.., dev.temper.cuda.*
      """)
  void aPackageCallsOnlyPermittedPackages(String caller, String others) {
    String[] allowed = others == null ? new String[] {caller} : (caller + "," + others).split(",\\s*");
    noClasses().that().resideInAPackage(caller)
        .should().dependOnClassesThat(resideInAPackage("dev.temper..").and(not(resideInAnyPackage(allowed)))
        .and(not(LEAVES)))
        .check(CLASSES);
  }

  /** A package of the tools, and the other packages that it may call. The command line may call all of them. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(delimiter = '|', textBlock = """
      process  |
      files    | dev.temper, dev.temper.io
      bench    | dev.temper, dev.temper.diagnostics, dev.temper.tools.files, dev.temper.tools.process
      verify   | dev.temper, dev.temper.diagnostics, dev.temper.reference
      counts   | dev.temper, dev.temper.spi.layout, dev.temper.kernel.., dev.temper.cuda.nvrtc, \
      dev.temper.tools.files, dev.temper.tools.process
      pack     | dev.temper, dev.temper.tools.files
      train    | dev.temper, dev.temper.io, dev.temper.spi, dev.temper.cpu.blas, dev.temper.reference, \
      dev.temper.tools.files
      gpucheck | dev.temper, dev.temper.diagnostics, dev.temper.io, dev.temper.tools.files, dev.temper.tools.process, \
      dev.temper.tools.verify
      """)
  void aPackageOfTheToolsCallsOnlyPermittedPackages(String caller, String others) {
    aPackageCallsOnlyPermittedPackages("dev.temper.tools." + caller, others);
  }

  @Test
  void noEngineCallsAnother() {
    slices().matching("dev.temper.(cpu|reference|cuda|emulator)..").should().notDependOnEachOther().check(CLASSES);
  }

  @Test
  void theLibraryCallsNoTool() {
    noClasses().that().resideOutsideOfPackage("dev.temper.tools..")
        .should().dependOnClassesThat().resideInAPackage("dev.temper.tools..")
        .check(CLASSES);
  }

  @Test
  void inTheApiOnlyTheEngineAndWhatItMakesCallWhatIsBehindIt() {
    noClasses().that(resideInAPackage("dev.temper").and(not(belongToAnyOf(LossEngine.class, PreparedLoss.class)))
            .and(not(simpleName("LossDispatch"))).and(not(simpleName("RunningDiagnostics"))))
        .should().dependOnClassesThat(resideInAnyPackage("dev.temper.spi", "dev.temper.internal", "dev.temper.head")
        .and(not(LEAVES)))
        .check(CLASSES);
  }

  @Test
  void theServiceInterfaceKnowsNoEngineOfTheApi() {
    noClasses().that().resideInAnyPackage("dev.temper.spi", "dev.temper.internal")
        .should().dependOnClassesThat(belongToAnyOf(LossEngine.class, PreparedLoss.class))
        .check(CLASSES);
  }

  @Test
  void whatEveryRoomMayCallUsesNoTypeOfTheApi() {
    noClasses().that(LEAVES)
        .should().dependOnClassesThat(resideInAPackage("dev.temper..").and(not(LEAVES))
        .and(not(belongToAnyOf(dev.temper.DType.class))))
        .check(CLASSES);
  }

  @Test
  void toolsOpenEnginesByName() {
    noClasses().that().resideInAPackage("dev.temper.tools..")
        .should().dependOnClassesThat().resideInAnyPackage("dev.temper.cpu", "dev.temper.cuda",
        "dev.temper.cuda.driver",
            "dev.temper.emulator..", "dev.temper.kernel.run..", "dev.temper.kernel.device..")
        .check(CLASSES);
  }

  @Test
  void onlyOraclesReadTheReference() {
    noClasses().that().resideOutsideOfPackages("dev.temper.reference..", "dev.temper.tools.verify..",
        "dev.temper.tools.train..")
        .should().dependOnClassesThat().resideInAPackage("dev.temper.reference..")
        .check(CLASSES);
    noClasses().that().resideInAPackage("dev.temper.tools..")
        .should().dependOnClassesThat(resideInAPackage("dev.temper.reference..")
        .and(not(belongToAnyOf(ReferenceRow.class))))
        .check(CLASSES);
  }

  @Test
  void theLibraryUsesJavaItsAnnotationsAndCudasBindings() {
    noClasses().that().resideOutsideOfPackage("dev.temper.tools..")
        .should().dependOnClassesThat().resideOutsideOfPackages("java..", "dev.temper..", "org.jspecify..", "jcuda..")
        .check(CLASSES);
  }

  @Test
  void onlyTheCallsOfTheDriverAndOfCublasUseJcuda() {
    noClasses().that().haveNameNotMatching(
            "dev\\.temper\\.cuda\\.(driver\\.(Driver(Call|Memory|Streams)?|JCudaObjects)|cublas\\.JCublas)(\\$.*)?")
        .should().dependOnClassesThat().resideInAPackage("jcuda..")
        .check(CLASSES);
    noClasses().that().resideOutsideOfPackage("dev.temper.cuda.cublas")
        .should().dependOnClassesThat().resideInAPackage("jcuda.jcublas..")
        .check(CLASSES);
  }

  @Test
  void nobodyCallsTheCommandLine() {
    noClasses().that().resideOutsideOfPackage("dev.temper.tools.cli..")
        .should().dependOnClassesThat().resideInAPackage("dev.temper.tools.cli..")
        .check(CLASSES);
  }

  @Test
  void noCyclesBetweenTools() {
    slices().matching("dev.temper.tools.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void everyRoomIsInTheTable() {
    classes().that().resideOutsideOfPackage("dev.temper.tools..")
        .should().resideInAnyPackage("dev.temper", "dev.temper.internal", "dev.temper.diagnostics", "dev.temper.ffm",
        "dev.temper.spi..", "dev.temper.io", "dev.temper.head", "dev.temper.reference..", "dev.temper.cpu..",
            "dev.temper.kernel.*", "dev.temper.emulator..", "dev.temper.cuda..")
        .check(CLASSES);
  }
}
