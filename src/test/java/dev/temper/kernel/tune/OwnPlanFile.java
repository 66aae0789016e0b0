package dev.temper.kernel.tune;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Replaces the user's file of tuned plans in each test of a class by a file that does not exist yet. */
public interface OwnPlanFile {

  @BeforeEach
  default void useAFileOfItsOwn(@TempDir Path folder) {
    System.setProperty(PlanFile.PROPERTY, folder.resolve("plans.tsv").toString());
  }

  @AfterEach
  default void useTheFileOfTheUser() {
    System.clearProperty(PlanFile.PROPERTY);
  }

  /** Returns the file that engines read and write. */
  default Path planFile() {
    return PlanFile.ofUser().path();
  }
}
