package dev.temper;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import org.junit.jupiter.api.Test;

/** The arrows between the rooms: the command line calls its rooms, they call the API, engines implement it. */
final class ArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter().withImportOption(new DoNotIncludeTests()).importPackages("dev.temper");

  private static final String[] ENGINES = {
    "dev.temper.reference..", "dev.temper.cpu..", "dev.temper.cuda..", "dev.temper.emulator.."
  };
  private static final String[] USERS = {
    "dev.temper.io..", "dev.temper.verify..", "dev.temper.train..", "dev.temper.bench..", "dev.temper.gpucheck..", "dev.temper.pack..", "dev.temper.cli.."
  };

  @Test
  void apiKnowsNobody() {
    noClasses().that().resideInAnyPackage("dev.temper", "dev.temper.spi")
        .should().dependOnClassesThat().resideInAnyPackage(ENGINES)
        .orShould().dependOnClassesThat().resideInAnyPackage(USERS)
        .orShould().dependOnClassesThat().resideInAPackage("dev.temper.kernel..")
        .check(CLASSES);
  }

  @Test
  void enginesKnowTheApiAlone() {
    noClasses().that().resideInAnyPackage(ENGINES)
        .should().dependOnClassesThat().resideInAnyPackage(USERS)
        .check(CLASSES);
  }

  @Test
  void enginesDoNotKnowEachOther() {
    slices().matching("dev.temper.(cpu|reference|cuda|emulator)..")
        .should().notDependOnEachOther()
        .check(CLASSES);
  }

  @Test
  void onlyTheOraclesUsersKnowTheReference() {
    noClasses()
        .that().resideOutsideOfPackages("dev.temper.reference..", "dev.temper.verify..", "dev.temper.train..")
        .should().dependOnClassesThat().resideInAPackage("dev.temper.reference..")
        .check(CLASSES);
  }

  @Test
  void enginesAreOpenedByNameOnly() {
    noClasses().that().resideInAnyPackage(USERS)
        .should().dependOnClassesThat().resideInAnyPackage("dev.temper.cpu..", "dev.temper.cuda..", "dev.temper.emulator..")
        .check(CLASSES);
  }

  @Test
  void oneClassKnowsJcuda() {
    noClasses().that().haveNameNotMatching("dev\\.temper\\.cuda\\.Driver(\\$.*)?")
        .should().dependOnClassesThat().resideInAPackage("jcuda..")
        .check(CLASSES);
  }

  @Test
  void nobodyCallsTheCommandLine() {
    noClasses().that().resideOutsideOfPackage("dev.temper.cli..")
        .should().dependOnClassesThat().resideInAPackage("dev.temper.cli..")
        .check(CLASSES);
  }

  @Test
  void thePolicyOfTheSourcesSitsBelowTheirHosts() {
    noClasses().that().resideInAPackage("dev.temper.kernel..")
        .should().dependOnClassesThat().resideInAnyPackage(ENGINES)
        .check(CLASSES);
  }

  @Test
  void whatKernelsAreKnowsNobodyWhoCompilesOrRunsThem() {
    noClasses().that().resideInAPackage("dev.temper.kernel")
        .should().dependOnClassesThat().resideInAnyPackage("dev.temper.kernel.*..")
        .check(CLASSES);
    noClasses().that().resideInAPackage("dev.temper.kernel.code..")
        .should().dependOnClassesThat(resideInAPackage("dev.temper..").and(resideOutsideOfPackage("dev.temper.kernel.code..")))
        .check(CLASSES);
  }

  @Test
  void aDeviceKnowsNotWhoUsesIt() {
    noClasses().that().resideInAPackage("dev.temper.kernel.device..")
        .should().dependOnClassesThat().resideInAnyPackage("dev.temper.kernel.code..", "dev.temper.kernel.probe..", "dev.temper.kernel.run..")
        .check(CLASSES);
    noClasses().that().resideInAPackage("dev.temper.kernel.probe..")
        .should().dependOnClassesThat().resideInAnyPackage("dev.temper.kernel.code..", "dev.temper.kernel.run..")
        .check(CLASSES);
  }

  @Test
  void whoRunsKernelsKnowsNotHowTheyAreCompiledNorTheOtherWayRound() {
    noClasses().that().resideInAPackage("dev.temper.kernel.run..")
        .should().dependOnClassesThat().resideInAPackage("dev.temper.kernel.code..")
        .check(CLASSES);
    noClasses().that().resideInAPackage("dev.temper.cuda.compile..")
        .should().dependOnClassesThat().resideInAnyPackage("dev.temper.cuda", "dev.temper.kernel.device..", "dev.temper.kernel.probe..",
            "dev.temper.kernel.run..")
        .check(CLASSES);
  }

  @Test
  void noCyclesBetweenRooms() {
    slices().matching("dev.temper.(*)..").should().beFreeOfCycles()
        .check(CLASSES);
  }
}
