package dev.temper.snippets;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Tail;
import dev.temper.TopKLists;
import dev.temper.io.TopKFile;
import java.io.IOException;
import java.nio.file.Path;

/** The top-k cache of the Javadoc: it is computed once from the teacher's logits, saved, loaded and used. */
final class CachedTopK {

  private CachedTopK() {}

  static double use(LossEngine engine, HostMatrix teacherLogits, HostMatrix student, HostMatrix gradient, Path file)
      throws IOException {
    // @start region="cache"
    TopKLists lists = engine.topK(teacherLogits, 64, 2.0);                 // 64 classes a row at T = 2
    TopKFile.write(file, lists);
    try (TopKFile cache = TopKFile.open(file)) {                           // in another process, on another day
      DistillationLoss loss = DistillationLoss.builder().temperature(2.0).build();
      LossInputs inputs = LossInputs.of(student).withTeacher(cache.lists().teacher(Tail.BUCKET));
      return engine.forwardBackward(loss, inputs, LossOutputs.gradient(gradient)).total();
    }
    // @end
  }
}
