package dev.temper.internal;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.LinearHead;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists the tensors that one call reads and writes. A teacher of weight 0 is not read and therefore not listed. */
final class LossTensors {

  private final List<CallTensor> read = new ArrayList<>();
  private final List<CallTensor> written = new ArrayList<>();
  private final boolean inPlace;
  private final String student;

  LossTensors(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    inPlace = outputs.inPlace();
    LinearHead head = inputs.head();
    student = head == null ? "student" : "student_hidden";
    add(read, student, inputs.student());
    addHead("student", head);
    if (loss.softWeight() > 0) {
      addTeacher(inputs.teacher());
    }
    add(read, "labels", inputs.labels());
    add(read, "row_weights", inputs.rowWeights());
    add(read, "row_temperatures", inputs.rowTemperatures());
    add(read, "soft_denominator", inputs.softDenominator());
    add(read, "hard_denominator", inputs.hardDenominator());
    add(written, "gradient", outputs.gradient());
    add(written, "gradient_weight", outputs.weightGradient());
    add(written, "gradient_bias", outputs.biasGradient());
    for (RowOutput output : RowOutput.values()) {
      add(written, output.tensor(), outputs.row(output));
    }
  }

  private void addHead(String owner, @Nullable LinearHead head) {
    if (head != null) {
      add(read, owner + "_weight", head.weight());
      add(read, owner + "_bias", head.bias());
    }
  }

  private void addTeacher(@Nullable Teacher teacher) {
    switch (teacher) {
      case null -> { }
      case Teacher.Logits logits -> add(read, "teacher", logits.matrix());
      case Teacher.LogProbabilities dense -> add(read, "teacher", dense.matrix());
      case Teacher.Probabilities dense -> add(read, "teacher", dense.matrix());
      case Teacher.Mixture mixture -> {
        for (int m = 0; m < mixture.logits().size(); m++) {
          add(read, "teacher." + m, mixture.logits().get(m));
        }
      }
      case Teacher.Hidden hidden -> {
        add(read, "teacher_hidden", hidden.states());
        addHead("teacher", hidden.head());
      }
      case Teacher.RowIndex selected -> {
        add(read, "teacher", selected.logits());
        add(read, "teacher_row_index", selected.index());
      }
      case Teacher.ClassMap mapped -> {
        add(read, "teacher", mapped.logits());
        add(read, "class_map", mapped.map());
      }
      case Teacher.Sampled sampled -> {
        add(read, "teacher_ids", sampled.ids().values());
        add(read, "teacher_sample_weights", sampled.weights());
      }
      case TopKTeacher lists -> {
        add(read, "teacher_ids", lists.ids().values());
        add(read, "teacher_log_probs", lists.logProbabilities());
        add(read, "teacher_log_tail", lists.logTail());
      }
    }
  }

  /**
   * Checks that all memory can be used. No output may share a byte with an input or another output, except for a
   * gradient in place.
   */
  void requireUsable() {
    read.forEach(CallTensor::requireReadable);
    written.forEach(CallTensor::requireWritable);
    for (int i = 0; i < written.size(); i++) {
      CallTensor output = written.get(i);
      for (CallTensor input : read) {
        boolean allowed = inPlace && output.name().equals("gradient") && input.name().equals(student);
        if (!allowed) {
          output.requireDisjoint(input);
        }
      }
      written.subList(0, i).forEach(output::requireDisjoint);
    }
  }

  void requireHost(String device) {
    read.forEach(tensor -> tensor.requireHost(device));
    written.forEach(tensor -> tensor.requireHost(device));
  }

  private static void add(List<CallTensor> list, String name, @Nullable MatrixView matrix) {
    if (matrix != null) {
      list.add(CallTensor.of(name, matrix));
    }
  }

  private static void add(List<CallTensor> list, String name, @Nullable Denominator denominator) {
    if (denominator instanceof Denominator.InMemory(RowVector vector)) {
      add(list, name, vector);
    }
  }

  private static void add(List<CallTensor> list, String name, @Nullable RowVector vector) {
    if (vector != null) {
      list.add(CallTensor.of(name, vector));
    }
  }
}
